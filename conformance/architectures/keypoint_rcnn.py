"""Keypoint R-CNN: boxes, labels, scores and keypoints."""

from __future__ import annotations

from torch import nn
from torchvision.models.detection import KeypointRCNN
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor

from . import rcnn
from .backbones import is_slim
from .calibration import Choice, calibrate

CLASSES = 2  # the background and one more, as for people
CHOICES = {
    "resnet10": Choice(seed=1, bias=0.0, contrast=3.0),
    "resnet50": Choice(seed=4, bias=0.5, contrast=4.0),
}


def build(backbone: str) -> nn.Module:
    width, depth, keypoints = (32, 2, 5) if is_slim(backbone) else (512, 8, 17)
    choice = CHOICES[backbone]
    with choice.random_weights():
        parts = rcnn.parts(backbone, CLASSES, most=17)
        model = KeypointRCNN(
            **parts,
            keypoint_roi_pool=rcnn.region_pool(14),
            keypoint_head=KeypointRCNNHeads(parts["backbone"].out_channels, (width,) * depth),
            keypoint_predictor=KeypointRCNNPredictor(width, keypoints),
        )
    return calibrate(
        model,
        choice,
        {**rcnn.SPREADS, "roi_heads.keypoint_predictor.kps_score_lowres": 2.0},
        "roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
    )
