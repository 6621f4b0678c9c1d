"""What stands for what, and a model with its parts replaced."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any, Callable, Mapping

import torch
from torch import nn
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNPredictor
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork
from torchvision.ops.misc import FrozenBatchNorm2d

from pytest_export_matrix.addons.caffe2.parts import (
    FrozenNorm,
    HeadMaps,
    Heads,
    KeypointMaps,
    Proposals,
    Pyramid,
    RegionPool,
)

Parts = Mapping[type, Callable[[Any], nn.Module]]

#: What stands for what. A model may name others, or more, in an attribute `caffe2_parts` of the
#: same form; of several that fit a module the first in order of its base classes is taken.
PARTS: Parts = {
    FrozenBatchNorm2d: FrozenNorm,
    FeaturePyramidNetwork: Pyramid,
    RegionProposalNetwork: Proposals,
    MultiScaleRoIAlign: RegionPool,
    RoIHeads: Heads,  # or HeadsWithKeypoints
    KeypointRCNNPredictor: KeypointMaps,
    RetinaNetHead: HeadMaps,
}


def replace(module: Any, parts: Parts) -> nn.Module:
    """`module` with every part replaced, the inner ones first. It shares its weights with the
    original, which stays as it is."""
    if isinstance(module, torch.jit.ScriptModule):
        return module  # compiled: there are no classes in it any more
    copied = copy.copy(module)
    copied._modules = OrderedDict(
        (name, child if child is None else replace(child, parts))
        for name, child in module._modules.items()
    )
    for kind in type(module).__mro__:
        if kind in parts:
            return parts[kind](copied).eval()
    kept: nn.Module = copied
    return kept
