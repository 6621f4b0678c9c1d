"""What Faster, Mask and Keypoint R-CNN have in common."""

from __future__ import annotations

from typing import Any

from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import MultiScaleRoIAlign

from .backbones import is_slim, pyramid

SCORE_THRESHOLD = 0.3
ANCHOR_SIZES = (16, 24, 32, 48, 64)
"""In pixels of the resized image, one a level. A keypoint is the highest cell of a heatmap that is
stretched over its region: in small regions neighbouring cells differ more."""

SPREADS = {
    "rpn.head.cls_logits": 1.0,
    "rpn.head.bbox_pred": 0.2,
    "roi_heads.box_predictor.cls_score": 1.0,
    "roi_heads.box_predictor.bbox_pred": 1.0,
}
"""Standard deviations: logits, and box deltas (those of the box head are in tenths of the size)."""


def parts(backbone: str, classes: int, most: int = 100) -> dict[str, Any]:
    """The arguments of a torchvision R-CNN, up to its box head; class 0 is the background, `most`
    the number of detections in an image at most."""
    slim = is_slim(backbone)
    features = pyramid(backbone)
    width = 128 if slim else 1024
    return {
        "backbone": features,
        "min_size": 144 if slim else 192,
        "max_size": 640,
        "rpn_anchor_generator": AnchorGenerator(
            sizes=tuple((size,) for size in ANCHOR_SIZES),
            aspect_ratios=((0.5, 1.0, 2.0),) * 5,
        ),
        # Few, so that there are few scores that could lie near each other.
        "rpn_pre_nms_top_n_test": 60,
        "rpn_post_nms_top_n_test": 24 if slim else 12,
        "box_roi_pool": region_pool(7),
        "box_head": TwoMLPHead(features.out_channels * 7**2, width),
        "box_predictor": FastRCNNPredictor(width, classes),
        "box_score_thresh": SCORE_THRESHOLD,
        "box_nms_thresh": 0.3,
        "box_detections_per_img": most,
    }


def mask_parts(backbone: str, channels: int, classes: int) -> dict[str, Any]:
    """The mask branch of Mask R-CNN, as arguments of a model or of its RoI heads."""
    width, depth = (32, 2) if is_slim(backbone) else (256, 4)
    return {
        "mask_roi_pool": region_pool(14),
        "mask_head": MaskRCNNHeads(channels, (width,) * depth, dilation=1),
        "mask_predictor": MaskRCNNPredictor(width, width, classes),
    }


def settings(heads: RoIHeads) -> dict[str, Any]:
    """The arguments of RoI heads that stand in the place of `heads`, but for their layers."""
    return {
        "box_roi_pool": heads.box_roi_pool,
        "bbox_reg_weights": heads.box_coder.weights,
        "score_thresh": heads.score_thresh,
        "nms_thresh": heads.nms_thresh,
        "detections_per_img": heads.detections_per_img,
        # These are for training alone.
        "fg_iou_thresh": 0.5,
        "bg_iou_thresh": 0.5,
        "batch_size_per_image": 512,
        "positive_fraction": 0.25,
    }


def region_pool(cells: int) -> MultiScaleRoIAlign:
    """RoIAlign over four levels, spread over the sizes of the anchors."""
    return MultiScaleRoIAlign(
        featmap_names=["0", "1", "2", "3"],
        output_size=cells,
        sampling_ratio=2,
        canonical_scale=56,
    )
