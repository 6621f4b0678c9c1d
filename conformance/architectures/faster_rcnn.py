"""Faster R-CNN: boxes, labels and scores."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.detection import FasterRCNN

from . import rcnn
from .calibration import calibrate

CLASSES = 5  # with the background


def build(backbone: str) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        model = FasterRCNN(**rcnn.parts(backbone, CLASSES))
    return calibrate(
        model,
        rcnn.SPREADS,
        classifier="roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
        foreground_bias=-0.5,
    )
