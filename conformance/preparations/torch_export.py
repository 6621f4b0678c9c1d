"""Preparations of torchvision's detectors for torch.export, with any height and width.

https://docs.pytorch.org/docs/stable/export.html
"""

from __future__ import annotations

import types
from typing import Any

import torch
from torchvision.ops import MultiScaleRoIAlign

from . import boxes, regions, resizing


def prepare_rcnn(model: Any) -> str:
    """Faster, Mask or Keypoint R-CNN, or a model with other RoI heads of the same methods."""
    changes = [_transform(model)]
    _run_once(model)
    heads = model.roi_heads
    _bind(model.rpn, filter_proposals=boxes.filter_proposals)
    _bind(model.rpn.box_coder, decode=boxes.decode)
    _bind(heads, postprocess_detections=boxes.detections_of_regions)
    changes.append("proposals and detections chosen without asking how many there are")
    for module in heads.children():
        if isinstance(module, MultiScaleRoIAlign):
            _bind(module, forward=regions.pool)
    changes.append("regions pooled from every level")
    if heads.has_mask():
        changes.append("masks pasted all at once")
    if heads.has_keypoint():
        _bind(heads, forward=regions.forward_with_keypoints)
        changes.append("heatmaps of keypoints stretched all at once")
    return "; ".join(changes)


def prepare_cascade_rcnn(model: Any) -> str:
    """As `prepare_rcnn`, for `conformance.architectures.cascade_rcnn`."""
    for stage in model.roi_heads.stages:
        _bind(stage, refine=boxes.refine)
    return f"{prepare_rcnn(model)}; stages as well"


def prepare_retinanet(model: Any) -> str:
    changes = [_transform(model)]
    _bind(model, postprocess_detections=boxes.detections_of_anchors)
    changes.append("detections chosen without asking how many there are")
    return "; ".join(changes)


def _transform(model: Any) -> str:
    _bind(
        model.transform,
        resize=resizing.resize,
        batch_images=resizing.batch_images,
        postprocess=resizing.postprocess,
    )
    return "images resized and padded by sizes that can be symbols"


def _run_once(model: Any) -> None:
    """The scales of the levels are found in the first call, from numbers: let it be this one."""
    side = model.transform.min_size[-1]
    with torch.no_grad():
        model([torch.zeros(3, side, side).to(next(model.parameters()))])


def _bind(instance: Any, **functions: Any) -> None:
    """Put functions into one instance, in the place of methods of these names."""
    if getattr(instance, "training", False):
        raise ValueError(f"{type(instance).__name__} is in training mode: call eval() before")
    for name, function in functions.items():
        getattr(instance, name)  # what is not there is not replaced: AttributeError
        setattr(instance, name, types.MethodType(function, instance))
