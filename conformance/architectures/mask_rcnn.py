"""Mask R-CNN: boxes, labels, scores and masks."""

from __future__ import annotations

from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

from . import rcnn
from .backbones import is_slim
from .calibration import Choice, calibrate

CLASSES = 5  # with the background
CHOICES = {
    "resnet10": Choice(seed=1, bias=-0.5, contrast=3.0),
    "resnet50": Choice(seed=4, bias=0.4, contrast=4.0),
}


def build(backbone: str) -> nn.Module:
    width, depth = (32, 2) if is_slim(backbone) else (256, 4)
    choice = CHOICES[backbone]
    with choice.random_weights():
        parts = rcnn.parts(backbone, CLASSES)
        model = MaskRCNN(
            **parts,
            mask_roi_pool=rcnn.region_pool(14),
            mask_head=MaskRCNNHeads(parts["backbone"].out_channels, (width,) * depth, dilation=1),
            mask_predictor=MaskRCNNPredictor(width, width, CLASSES),
        )
    return calibrate(
        model,
        choice,
        {**rcnn.SPREADS, "roi_heads.mask_predictor.mask_fcn_logits": 2.0},
        "roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
    )
