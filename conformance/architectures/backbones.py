"""Feature pyramids: torchvision's ResNet-50 one, and a small one of the same build."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.resnet import BasicBlock, Bottleneck, resnet50
from torchvision.ops.feature_pyramid_network import LastLevelP6P7
from torchvision.ops.misc import FrozenBatchNorm2d  # where it was in 2021 as well

STAGES = (1, 2, 3, 4)


def is_slim(backbone: str) -> bool:
    """Whether the heads are to be narrow as well; an unknown backbone is a KeyError."""
    return {"resnet10": True, "resnet50": False}[backbone]


def pyramid(backbone: str, stages: tuple[int, ...] = STAGES, p6p7: bool = False) -> BackboneWithFPN:
    """One level for each ResNet stage given, then one by max pooling or two by convolution."""
    slim = is_slim(backbone)
    width = 64 if slim else 256
    extra = LastLevelP6P7(width, width) if p6p7 else None  # None is the max pooling
    resnet = _resnet10() if slim else resnet50(norm_layer=FrozenBatchNorm2d)
    features = BackboneWithFPN(
        resnet,
        return_layers={f"layer{stage}": str(i) for i, stage in enumerate(stages)},
        in_channels_list=[_channels(stage) if slim else 128 << stage for stage in stages],
        out_channels=width,
        extra_blocks=extra,
    )
    if not slim:
        _damp(features)
    return features


def _damp(features: nn.Module) -> None:
    """Let each residual branch change its input a little only, as in a trained network.

    With sixteen random blocks at full strength rounding noise grows some 200 times on its way
    through the pyramid, and boxes move by tenths of a pixel; like this, some 10 times.
    """
    for block in features.modules():
        if isinstance(block, Bottleneck):
            nn.init.constant_(block.bn3.weight, 0.2)


def _channels(stage: int) -> int:
    """Half of ResNet-18's."""
    return 16 << stage


def _resnet10() -> nn.Module:
    """ResNet-18 with one block a stage instead of two and half the channels."""
    stem = _channels(1)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, stem, kernel_size=7, stride=2, padding=3, bias=False),
        bn1=FrozenBatchNorm2d(stem),
        relu=nn.ReLU(inplace=True),
        maxpool=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    )
    before = stem
    for stage in STAGES:
        channels = _channels(stage)
        shortcut = None
        if stage > 1:
            shortcut = nn.Sequential(
                nn.Conv2d(before, channels, kernel_size=1, stride=2, bias=False),
                FrozenBatchNorm2d(channels),
            )
        stride = 1 if stage == 1 else 2
        layers[f"layer{stage}"] = nn.Sequential(
            BasicBlock(before, channels, stride, shortcut, norm_layer=FrozenBatchNorm2d)
        )
        before = channels
    return nn.Sequential(layers)
