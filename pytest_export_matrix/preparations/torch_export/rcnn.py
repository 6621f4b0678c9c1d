"""Faster, Mask and Keypoint R-CNN for torch.export."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import BatchNorm2d
from torchvision.ops import MultiScaleRoIAlign

from . import boxes, regions, resizing
from .binding import bind


def prepare_rcnn(model: Any) -> str:
    """Change one of them, or a model with other RoI heads of the same methods, in place, and return
    in words what was changed."""
    changes = [resizing.prepare_transform(model)]
    _run_once(model)
    heads = model.roi_heads
    bind(model.rpn, filter_proposals=boxes.filter_proposals)
    bind(model.rpn.box_coder, decode=boxes.decode)
    bind(heads, postprocess_detections=boxes.detections_of_regions)
    changes.append("proposals and detections chosen without asking how many there are")
    for module in heads.children():
        if isinstance(module, MultiScaleRoIAlign):
            bind(module, forward=regions.pool)
    changes.append("regions pooled from every level")
    norms = [module for module in heads.modules() if isinstance(module, BatchNorm2d)]
    for norm in norms:
        bind(norm, forward=regions.normalise)
    if norms:
        changes.append("regions normalized in plain arithmetic")
    if heads.has_mask():
        changes.append("masks pasted all at once")
    if heads.has_keypoint():
        bind(heads, forward=regions.forward_with_keypoints)
        changes.append("heatmaps of keypoints stretched all at once")
    return "; ".join(changes)


def _run_once(model: Any) -> None:
    """The scales of the levels are found in the first call, from numbers: let it be this one."""
    side = model.transform.min_size[-1]
    with torch.no_grad():
        model([torch.zeros(3, side, side).to(next(model.parameters()))])
