"""Preparations of torchvision's detectors for torch.export."""

from __future__ import annotations

import types
from typing import Any

import torch
from torch import nn
from torchvision.ops import MultiScaleRoIAlign

from . import boxes, regions, resizing


def prepare_retinanet(model: Any) -> str:
    bind(model, postprocess_detections=boxes.detections_of_anchors)
    return prepare_transform(model)


def prepare_rcnn(model: Any) -> str:
    run_once(model)
    heads = model.roi_heads
    bind(model.rpn, filter_proposals=boxes.filter_proposals)
    bind(heads, postprocess_detections=boxes.detections_of_regions)
    bind(model.rpn.box_coder, decode=boxes.decode)
    for module in model.modules():
        if isinstance(module, MultiScaleRoIAlign):
            bind(module, forward=regions.pool)
    for stage in getattr(heads, "stages", []):
        bind(stage, refine=boxes.refine)
    if heads.has_keypoint():
        bind(heads, forward=regions.forward_with_keypoints)
    return prepare_transform(model)


def prepare_transform(model: Any) -> str:
    bind(
        model.transform,
        resize=resizing.resize,
        batch_images=resizing.batch_images,
        postprocess=resizing.postprocess,
    )
    return ""


def run_once(model: Any) -> None:
    parameter = next(model.parameters())
    with torch.no_grad():
        model([torch.zeros(3, 64, 64).to(parameter)])


def bind(instance: Any, **functions: Any) -> None:
    for name, function in functions.items():
        getattr(instance, name)
        setattr(instance, name, types.MethodType(function, instance))
