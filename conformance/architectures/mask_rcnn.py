"""Mask R-CNN: boxes, labels, scores and masks."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

from . import rcnn
from .backbones import is_slim
from .calibration import calibrate

CLASSES = 5  # with the background


def build(backbone: str) -> nn.Module:
    width, depth = (32, 2) if is_slim(backbone) else (256, 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        parts = rcnn.parts(backbone, CLASSES)
        model = MaskRCNN(
            **parts,
            mask_roi_pool=rcnn.region_pool(backbone, 14),
            mask_head=MaskRCNNHeads(parts["backbone"].out_channels, (width,) * depth, dilation=1),
            mask_predictor=MaskRCNNPredictor(width, width, CLASSES),
        )
    return calibrate(
        model,
        {**rcnn.SPREADS, "roi_heads.mask_predictor.mask_fcn_logits": 2.0},
        classifier="roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
        foreground_bias=-0.5,
    )
