"""Mask R-CNN: boxes, labels, scores and masks."""

from __future__ import annotations

from torch import nn
from torchvision.models.detection import MaskRCNN

from . import rcnn
from .calibration import Choice, calibrate

CLASSES = 5  # with the background
CHOICES = {
    "resnet10": Choice(seed=1, bias=-0.5, contrast=3.0),
    "resnet50": Choice(seed=4, bias=0.4, contrast=4.0),
}


def build(backbone: str) -> nn.Module:
    choice = CHOICES[backbone]
    with choice.random_weights():
        parts = rcnn.parts(backbone, CLASSES, most=19)
        model = MaskRCNN(
            **parts,
            **rcnn.mask_parts(backbone, parts["backbone"].out_channels, CLASSES),
        )
    return calibrate(
        model,
        choice,
        {**rcnn.SPREADS, "roi_heads.mask_predictor.mask_fcn_logits": 2.0},
        "roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
    )
