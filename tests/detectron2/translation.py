"""A model of the conformance suite in detectron2's terms: its configuration, and its weights under
detectron2's names and in the order of its classes.

The background is the first class here, as in torchvision, and the last one there. Masks have a
channel for it in torchvision that nobody looks at; detectron2's Mask R-CNN has none. That of a
PointRend is an input of the point head, so detectron2's is built with one class more.
"""

from __future__ import annotations

import re
from typing import Any

#: The levels of the pyramid.
LEVELS = {"0": "p2", "1": "p3", "2": "p4", "3": "p5", "pool": "p6"}
POOLED = ["p2", "p3", "p4", "p5"]

NAMES: tuple[tuple[str, Any], ...] = (
    (r"^backbone\.body\.layer(\d)", lambda found: f"backbone.bottom_up.res{int(found[1]) + 1}"),
    (r"^backbone\.body\.", "backbone.bottom_up.stem."),
    (r"\bbn(\d)", r"conv\1.norm"),
    (r"downsample\.0", "shortcut"),
    (r"downsample\.1", "shortcut.norm"),
    (r"fpn\.inner_blocks\.(\d)\.0", lambda found: f"fpn_lateral{int(found[1]) + 2}"),
    (r"fpn\.layer_blocks\.(\d)\.0", lambda found: f"fpn_output{int(found[1]) + 2}"),
    (r"^rpn\.head\.conv\.0\.0", "proposal_generator.rpn_head.conv"),
    (r"^rpn\.head\.cls_logits", "proposal_generator.rpn_head.objectness_logits"),
    (r"^rpn\.head\.bbox_pred", "proposal_generator.rpn_head.anchor_deltas"),
    (r"stages\.(\d)\.head", r"box_head.\1"),
    (r"stages\.(\d)\.", r"box_predictor.\1."),
    (r"\bfc(6|7)", lambda found: f"fc{int(found[1]) - 5}"),
    (r"mask_head\.(\d)\.0", lambda found: f"mask_head.mask_fcn{int(found[1]) + 1}"),
    (r"mask_predictor\.conv5_mask", "mask_head.deconv"),
    (r"mask_predictor\.mask_fcn_logits", "mask_head.predictor"),
    (r"coarse_head\.reduce", "mask_head.coarse_head.reduce_spatial_dim_conv"),
    (r"coarse_head\.hidden_(\d)", lambda found: f"mask_head.coarse_head.fc{int(found[1]) + 1}"),
    (r"coarse_head\.predict\b", "mask_head.coarse_head.prediction"),
    (r"point_head\.hidden\.(\d)", lambda found: f"mask_head.point_head.fc{int(found[1]) + 1}"),
    (r"point_head\.predict\b", "mask_head.point_head.predictor"),
    (r"semantic_head\.branches\.(\d)\.(\d+)", lambda found: _semantic(*map(int, found.groups()))),
    (r"semantic_head\.predict\b", "sem_seg_head.predictor"),
)


def _semantic(level: int, layer: int) -> str:
    """A stage is four layers here (convolution, norm, ReLU, enlargement) and two there."""
    stage, part = divmod(layer, 4)
    return f"sem_seg_head.p{level + 2}.{2 * stage}{'.norm' if part else ''}"


def weights(model: Any) -> dict[str, Any]:
    """The model's state_dict as detectron2's model takes it, every entry of it."""
    classes = classes_of(model)
    translated = {}
    for name, value in model.state_dict().items():
        if name.endswith(("mask_fcn_logits.weight", "mask_fcn_logits.bias")):
            value = value[1:]
        elif "box_predictor.bbox_pred" in name:
            value = value[4:]  # by class, and none for the background
        elif "cls_score" in name or ("_head.predict." in name and "semantic" not in name):
            per_class = len(value) // classes  # of the coarse head a whole mask
            value = value.roll(-per_class, 0)
        if "point_head" in name and name.endswith("weight"):
            # The last inputs of each layer are the coarse logits.
            value = _last_rolled(value, classes)
        for pattern, replacement in NAMES:
            name = re.sub(pattern, replacement, name)
        translated[name] = value.clone()
    return translated


def _last_rolled(value: Any, count: int) -> Any:
    import torch

    return torch.cat([value[:, :-count], value[:, -count:].roll(-1, 1)], dim=1)


def classes_of(model: Any) -> int:
    """With the background."""
    heads = model.roi_heads
    score = heads.stages[0].cls_score if hasattr(heads, "stages") else heads.box_predictor.cls_score
    return int(score.out_features)


def description(model: Any) -> dict[str, Any]:
    """What detectron2's model is made of: the options of its configuration, and what is none."""
    body, anchors = model.backbone.body, model.rpn.anchor_generator
    return {
        "options": {**_network(model), **_box_heads(model), **_mask_heads(model)},
        "stem": body["conv1"].out_channels,
        "width": model.backbone.out_channels,
        # torchvision rounds the corners of anchors to whole pixels.
        "anchors": [each.clone() for each in anchors.cell_anchors],
        "canonical": model.roi_heads.box_roi_pool.canonical_scale,
        "mask_classes": classes_of(model) if hasattr(model.roi_heads, "point_head") else None,
        "semantic": _semantic_head(model) if hasattr(model, "semantic_head") else None,
    }


def _network(model: Any) -> dict[str, Any]:
    rpn, transform = model.rpn, model.transform
    return {
        "MODEL.DEVICE": "cpu",
        "MODEL.PIXEL_MEAN": list(transform.image_mean),
        "MODEL.PIXEL_STD": list(transform.image_std),
        "MODEL.ANCHOR_GENERATOR.SIZES": [list(each) for each in rpn.anchor_generator.sizes],
        "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [list(rpn.anchor_generator.aspect_ratios[0])],
        "MODEL.RPN.IN_FEATURES": list(LEVELS.values()),
        "MODEL.RPN.PRE_NMS_TOPK_TEST": rpn.pre_nms_top_n(),
        "MODEL.RPN.POST_NMS_TOPK_TEST": rpn.post_nms_top_n(),
        "MODEL.RPN.NMS_THRESH": rpn.nms_thresh,
    }


def _box_heads(model: Any) -> dict[str, Any]:
    heads = model.roi_heads
    cascade = hasattr(heads, "stages")
    head = heads.stages[0].head if cascade else heads.box_head
    found = {
        "MODEL.ROI_HEADS.NAME": "CascadeROIHeads" if cascade else "StandardROIHeads",
        "MODEL.ROI_HEADS.IN_FEATURES": POOLED,
        "MODEL.ROI_HEADS.NUM_CLASSES": classes_of(model) - 1,
        "MODEL.ROI_HEADS.SCORE_THRESH_TEST": heads.score_thresh,
        "MODEL.ROI_HEADS.NMS_THRESH_TEST": heads.nms_thresh,
        "TEST.DETECTIONS_PER_IMAGE": heads.detections_per_img,
        "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
        "MODEL.ROI_BOX_HEAD.NUM_FC": 2,
        "MODEL.ROI_BOX_HEAD.FC_DIM": head.fc6.out_features,
        "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": cascade,
        "MODEL.ROI_BOX_HEAD.POOLER_TYPE": "ROIAlign",  # not aligned, as in torchvision
        "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": heads.box_roi_pool.output_size[0],
        "MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO": heads.box_roi_pool.sampling_ratio,
    }
    if cascade:
        found["MODEL.ROI_BOX_CASCADE_HEAD.BBOX_REG_WEIGHTS"] = [
            list(stage.coder.weights) for stage in heads.stages
        ]
    else:
        found["MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS"] = list(heads.box_coder.weights)
    return found


def _mask_heads(model: Any) -> dict[str, Any]:
    heads = model.roi_heads
    if hasattr(heads, "point_head"):
        return {
            "MODEL.MASK_ON": True,
            "MODEL.ROI_MASK_HEAD.NAME": "PointRendMaskHead",
            "MODEL.ROI_MASK_HEAD.POOLER_TYPE": "",
            "MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION": heads.grid,
            "MODEL.ROI_MASK_HEAD.OUTPUT_SIDE_RESOLUTION": heads.coarse_head.cells,
            "MODEL.ROI_MASK_HEAD.CONV_DIM": heads.coarse_head.reduce.out_channels,
            "MODEL.ROI_MASK_HEAD.FC_DIM": heads.coarse_head.hidden_0.out_features,
            "MODEL.ROI_MASK_HEAD.POINT_HEAD_ON": True,
            "MODEL.POINT_HEAD.NUM_CLASSES": classes_of(model) - 1,
            "MODEL.POINT_HEAD.NUM_FC": len(heads.point_head.hidden),
            "MODEL.POINT_HEAD.FC_DIM": heads.point_head.hidden[0].out_channels,
            "MODEL.POINT_HEAD.SUBDIVISION_STEPS": heads.steps,
            "MODEL.POINT_HEAD.SUBDIVISION_NUM_POINTS": heads.points,
        }
    if heads.mask_roi_pool is None:
        return {"MODEL.MASK_ON": False}
    return {
        "MODEL.MASK_ON": True,
        "MODEL.ROI_MASK_HEAD.NAME": "MaskRCNNConvUpsampleHead",
        "MODEL.ROI_MASK_HEAD.POOLER_TYPE": "ROIAlign",
        "MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION": heads.mask_roi_pool.output_size[0],
        "MODEL.ROI_MASK_HEAD.POOLER_SAMPLING_RATIO": heads.mask_roi_pool.sampling_ratio,
        "MODEL.ROI_MASK_HEAD.NUM_CONV": len(heads.mask_head),
        "MODEL.ROI_MASK_HEAD.CONV_DIM": heads.mask_predictor.conv5_mask.out_channels,
    }


def _semantic_head(model: Any) -> dict[str, Any]:
    head = model.semantic_head
    return {
        "classes": head.predict.out_channels,
        "width": head.predict.in_channels,
        "groups": head.branches[0][1].num_groups,
        "combine_overlap_thresh": 1 - model.free,
        "combine_stuff_area_thresh": model.area,
        "combine_instances_score_thresh": model.score,
    }
