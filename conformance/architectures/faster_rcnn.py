"""Faster R-CNN: boxes, labels and scores."""

from __future__ import annotations

from torch import nn
from torchvision.models.detection import FasterRCNN

from . import rcnn
from .calibration import Choice, calibrate

CLASSES = 5  # with the background
CHOICES = {
    "resnet10": Choice(seed=12, bias=-0.5, contrast=3.0),
    "resnet50": Choice(seed=3, bias=0.5, contrast=3.0),
}


def build(backbone: str) -> nn.Module:
    choice = CHOICES[backbone]
    with choice.random_weights():
        model = FasterRCNN(**rcnn.parts(backbone, CLASSES, most=18))
    return calibrate(
        model,
        choice,
        rcnn.SPREADS,
        "roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
    )
