"""detectron2's own networks with given weights, where detectron2 is.

`answer` reads what `translation` describes and a list of cases, and answers each by the function
below that it names, `ask`. Boxes are in pixels of the resized image; labels count from 1.
"""

import functools

import torch
from detectron2.config import get_cfg
from detectron2.modeling import GeneralizedRCNN, PanopticFPN
from detectron2.modeling.anchor_generator import BufferList
from detectron2.modeling.backbone import FPN, ResNet
from detectron2.modeling.backbone.fpn import LastLevelMaxPool
from detectron2.modeling.backbone.resnet import BasicBlock, BasicStem
from detectron2.modeling.meta_arch.panoptic_fpn import combine_semantic_and_instance_outputs
from detectron2.modeling.meta_arch.semantic_seg import SemSegFPNHead
from detectron2.modeling.postprocessing import sem_seg_postprocess
from detectron2.modeling.proposal_generator import build_proposal_generator
from detectron2.modeling.roi_heads import build_mask_head, build_roi_heads
from detectron2.structures import Boxes, Instances

STAGES = ("res2", "res3", "res4", "res5")
POOLED = ("p2", "p3", "p4", "p5")


def answer(place):
    """Replace the cases in the file by their answers."""
    asked = torch.load(place)
    model = network(**asked["description"]).eval()
    model.load_state_dict(asked["weights"], strict=True)
    with torch.no_grad():
        found = [globals()[case.pop("ask")](model, **case) for case in asked["cases"]]
    torch.save(found, place)


def network(options, stem, width, anchors, canonical, mask_classes, semantic):
    cfg = configuration(options)
    backbone = FPN(resnet(stem), STAGES, width, top_block=LastLevelMaxPool())
    shapes = backbone.output_shape()
    proposals = build_proposal_generator(cfg, shapes)
    proposals.anchor_generator.cell_anchors = BufferList(anchors)
    heads = build_roi_heads(cfg, shapes)
    for pooler in (heads.box_pooler, getattr(heads, "mask_pooler", None)):
        if pooler is not None:
            pooler.canonical_box_size = canonical
    if mask_classes:
        cfg.MODEL.ROI_HEADS.NUM_CLASSES = cfg.MODEL.POINT_HEAD.NUM_CLASSES = mask_classes
        heads.mask_head = build_mask_head(cfg, {name: shapes[name] for name in POOLED})
    parts = {
        "backbone": backbone,
        "proposal_generator": proposals,
        "roi_heads": heads,
        "pixel_mean": cfg.MODEL.PIXEL_MEAN,
        "pixel_std": cfg.MODEL.PIXEL_STD,
    }
    if semantic is None:
        return GeneralizedRCNN(**parts)
    classes, dims, groups = (semantic.pop(name) for name in ("classes", "width", "groups"))
    head = SemSegFPNHead(
        {name: shapes[name] for name in POOLED},
        num_classes=classes,
        conv_dims=dims,
        common_stride=4,
        norm=functools.partial(torch.nn.GroupNorm, groups),
    )
    return PanopticFPN(sem_seg_head=head, **semantic, **parts)


def configuration(options):
    cfg = get_cfg()
    if options.get("MODEL.ROI_MASK_HEAD.NAME") == "PointRendMaskHead":
        from detectron2.projects.point_rend import add_pointrend_config

        add_pointrend_config(cfg)
    cfg.merge_from_list([part for item in options.items() for part in item])
    return cfg


def resnet(stem):
    """One basic block a stage, each with twice the channels of the one before."""
    stages, before = [], stem
    for i in range(len(STAGES)):
        channels = stem << i
        strides = [2 if i else 1]
        stages.append(
            ResNet.make_stage(
                BasicBlock,
                1,
                stride_per_block=strides,
                in_channels=before,
                out_channels=channels,
                norm="FrozenBN",
            )
        )
        before = channels
    return ResNet(BasicStem(3, stem, norm="FrozenBN"), stages, out_features=STAGES)


def heads(model, features, proposals, sizes):
    """What the RoI heads find at given proposals."""
    given = [
        Instances(tuple(size), proposal_boxes=Boxes(boxes), objectness_logits=boxes[:, 0])
        for size, boxes in zip(sizes, proposals)
    ]
    found, _ = model.roi_heads(None, features, given)
    return [in_dict(each) for each in found]


def masks(model, features, boxes, labels, sizes):
    """The masks of given boxes."""
    given = [
        Instances(tuple(size), pred_boxes=Boxes(of_image), pred_classes=classes - 1)
        for size, of_image, classes in zip(sizes, boxes, labels)
    ]
    return [each.pred_masks for each in model.roi_heads.forward_with_given_boxes(features, given)]


def whole(model, images):
    """What is found in images of their network's size, float32 [3, H, W], not normalised."""
    found = model.inference([{"image": image} for image in images], do_postprocess=False)
    if isinstance(model, PanopticFPN):
        found, logits = found
        maps = [sem_seg_postprocess(m, i.shape[1:], *i.shape[1:]) for m, i in zip(logits, images)]
        return [dict(in_dict(each), semantic=map) for each, map in zip(found, maps)]
    return [in_dict(each) for each in found]


def semantic(model, features, sizes, outputs):
    """Logits of the semantic head at the size of the pictures, `outputs`; `sizes`: resized."""
    logits, _ = model.sem_seg_head(features)
    return [sem_seg_postprocess(m, s, *output) for m, s, output in zip(logits, sizes, outputs)]


def merge(model, masks, labels, scores, semantic):
    """The panoptic map of the instances with the pasted `masks` [N, 1, H, W] and a semantic map of
    logits or probabilities, and the classes: things, then stuff, which is counted from 1."""
    found = Instances(
        semantic.shape[1:],
        pred_boxes=Boxes(torch.zeros(len(scores), 4)),
        pred_masks=masks[:, 0] >= 0.5,  # as detectron2 makes them binary
        pred_classes=labels - 1,
        scores=scores,
    )
    panoptic, segments = combine_semantic_and_instance_outputs(
        found,
        semantic.argmax(0),
        model.combine_overlap_thresh,
        model.combine_stuff_area_thresh,
        model.combine_instances_score_thresh,
    )
    things = model.roi_heads.num_classes
    return {
        "panoptic": panoptic.long(),
        "segment_classes": [
            each["category_id"] + (1 if each["isthing"] else things) for each in segments
        ],
    }


def in_dict(instances):
    found = {
        "boxes": instances.pred_boxes.tensor,
        "scores": instances.scores,
        "labels": instances.pred_classes + 1,
    }
    if instances.has("pred_masks"):
        found["masks"] = instances.pred_masks
    return found
