"""SSD: boxes, labels and scores from feature maps of several sizes (Liu et al., "SSD: Single Shot
MultiBox Detector", 2016). Every image is resized to one fixed square."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD, SSDHead

from .calibration import Choice, calibrate

CLASSES = 4  # with the background, which is class 0
SIDE = 192
LEVELS = 4
CHANNELS = 64  # of the map of each level
CHOICE = Choice(seed=7, bias=-4.0, contrast=4.0)
SCORE_THRESHOLD = 0.3
SCALES = (0.15, 0.8)  # of the smallest and the largest default boxes, in sides


class Features(nn.Module):
    """A small VGG-like extractor: maps of 1/8, 1/16, 1/32 and 1/64 of the side."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *_convolution(3, 16),
            _pool(),
            *_convolution(16, 32),
            _pool(),
            *_convolution(32, 64),
            _pool(),
            *_convolution(64, CHANNELS),
        )
        self.scale = nn.Parameter(torch.full((CHANNELS, 1, 1), 20.0))
        self.extra = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(CHANNELS, CHANNELS // 2, kernel_size=1),
                nn.ReLU(inplace=True),
                *_convolution(CHANNELS // 2, CHANNELS, stride=2),
            )
            for _ in range(LEVELS - 1)
        )

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        x = self.stem(images)
        # Section 3.1: the features of the first map have a larger scale, they are L2-normalised.
        maps = OrderedDict([("0", self.scale * nn.functional.normalize(x))])
        for i, block in enumerate(self.extra):
            x = block(x)
            maps[str(i + 1)] = x
        return maps


def _convolution(before: int, channels: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(before, channels, kernel_size=3, stride=stride, padding=1)
    return convolution, nn.ReLU(inplace=True)


def _pool() -> nn.Module:
    return nn.MaxPool2d(kernel_size=2, ceil_mode=True)


def build() -> nn.Module:
    with CHOICE.random_weights():
        boxes = DefaultBoxGenerator([[2]] * LEVELS, *SCALES)
        model = SSD(
            Features(),
            boxes,
            (SIDE, SIDE),
            num_classes=CLASSES,
            head=SSDHead([CHANNELS] * LEVELS, boxes.num_anchors_per_location(), CLASSES),
            score_thresh=SCORE_THRESHOLD,
            nms_thresh=0.3,
            detections_per_img=40,
        )
    return calibrate(
        model,
        CHOICE,
        {},
        *(f"head.classification_head.module_list.{level}" for level in range(LEVELS)),
        foreground=slice(1, None),
        classes=CLASSES,
    )
