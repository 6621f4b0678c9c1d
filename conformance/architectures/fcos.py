"""FCOS: boxes, labels and scores from one stage without anchors (Tian et al., "FCOS: Fully
Convolutional One-Stage Object Detection", 2019).

A cell of the pyramid answers its distances to the four sides of a box, and how central it is in it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torchvision.models.detection import FCOS
from torchvision.models.detection.fcos import FCOSHead

from .backbones import pyramid
from .calibration import Choice, calibrate

CLASSES = 3  # each has its own sigmoid: there is no background class
CHOICE = Choice(seed=77, bias=-4.1, contrast=4.0)
SCORE_THRESHOLD = 0.3
DISTANCE = 2.0
"""Of a side of a box on average, in strides: a trained head's are positive."""


def build() -> nn.Module:
    with CHOICE.random_weights():
        features = pyramid("resnet10", stages=(2, 3, 4), p6p7=True)
        model: Any = FCOS(
            features,
            num_classes=CLASSES,
            min_size=144,
            max_size=640,
            head=FCOSHead(features.out_channels, 1, CLASSES, num_convs=1),
            score_thresh=SCORE_THRESHOLD,
            nms_thresh=0.2,
            detections_per_img=27,
        )
    calibrate(
        model,
        CHOICE,
        {"head.regression_head.bbox_reg": 0.4},
        "head.classification_head.cls_logits",
        foreground=slice(None),
    )
    with torch.no_grad():
        model.head.regression_head.bbox_reg.bias.add_(DISTANCE)
    return model
