"""Keypoint R-CNN: boxes, labels, scores and keypoints."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.detection import KeypointRCNN
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor

from . import rcnn
from .backbones import is_slim
from .calibration import calibrate

CLASSES = 2  # the background and one more, as for people


def build(backbone: str) -> nn.Module:
    width, depth, keypoints = (32, 2, 5) if is_slim(backbone) else (512, 8, 17)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        parts = rcnn.parts(backbone, CLASSES)
        model = KeypointRCNN(
            **parts,
            keypoint_roi_pool=rcnn.region_pool(backbone, 14),
            keypoint_head=KeypointRCNNHeads(parts["backbone"].out_channels, (width,) * depth),
            keypoint_predictor=KeypointRCNNPredictor(width, keypoints),
        )
    return calibrate(
        model,
        {**rcnn.SPREADS, "roi_heads.keypoint_predictor.kps_score_lowres": 2.0},
        classifier="roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
        foreground_bias=0.0,
    )
