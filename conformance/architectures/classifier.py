"""A plain classifier, after He et al., "Deep Residual Learning for Image Recognition" (2016).

It takes one batch tensor and answers one tensor, logits [N, 10]: no list, no data-dependent shape.
What fails for a detector and not for this is due to the detector.
"""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from pytest_export_matrix.samples.calibration import normalise, patterned

CLASSES = 10
BLOCKS = {"resnet10": (BasicBlock, [1, 1, 1, 1]), "resnet50": (Bottleneck, [3, 4, 6, 3])}


def build(backbone: str) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        block, layers = BLOCKS[backbone]
        model = ResNet(block, layers, num_classes=CLASSES).eval()
    normalise(model, [torch.stack(patterned([(192, 256)] * 8))])
    return model
