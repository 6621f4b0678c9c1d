"""A semantic segmenter: DeepLabV3 (Chen et al., "Rethinking Atrous Convolution for Semantic Image
Segmentation", 2017).

It takes one batch tensor and answers {"out": logits [N, 5, H, W]} at the size of its input: the
shape of its answer depends on the input's, its path through the model does not.
"""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.resnet import ResNet
from torchvision.models.segmentation import DeepLabV3
from torchvision.models.segmentation.deeplabv3 import ASPP, DeepLabHead

from pytest_export_matrix.samples.calibration import normalise, patterned

from .classifier import BLOCKS

CLASSES = 5


def build(backbone: str) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        block, layers = BLOCKS[backbone]
        body = IntermediateLayerGetter(ResNet(block, layers), {"layer4": "out"})
        channels = 512 * block.expansion
        head = DeepLabHead(channels, CLASSES)
        # Rates for a map of 1/32 of the side: torchvision's are for one of 1/8, in 2021 always.
        head[0] = ASPP(channels, [1, 2, 3])
        model = DeepLabV3(body, head).eval()
    normalise(model, [torch.stack(patterned([(192, 256)] * 8))])
    return model
