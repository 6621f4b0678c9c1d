"""The preparation of `conformance.architectures.panoptic_fpn` for torch.export."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pytest_export_matrix.preparations.torch_export.binding import bind
from pytest_export_matrix.preparations.torch_export.rcnn import prepare_rcnn


def prepare_panoptic_fpn(model: Any) -> str:
    changes = prepare_rcnn(model)
    bind(model, merged=merged)
    return f"{changes}; as many instances merged as there can be, those that are not there as empty"


def merged(model: Any, *found: Tensor) -> tuple[Tensor, Tensor]:
    most = model.roi_heads.detections_per_img
    return merge(*found, model.things, model.score, model.free, model.area, most)


def merge(
    masks: Tensor,
    labels: Tensor,
    scores: Tensor,
    semantic: Tensor,
    things: int,
    score: float,
    free: float,
    area: int,
    most: int,
) -> tuple[Tensor, Tensor]:
    """`panoptic_fpn.merge` of `most` instances at most.

    There are `most` turns, whatever the number of instances: the missing ones are empty, and what
    is empty is no segment. Whether a segment is taken is a tensor, and the number that it gets how
    many were taken up to it.
    """
    order = torch.argsort(scores, descending=True)
    binary = filled(masks[order, 0] > 0.5, most)
    good = filled(scores[order] >= score, most)
    panoptic = torch.zeros_like(semantic[0], dtype=torch.int64)
    number = torch.zeros_like(panoptic[0, 0])
    taken = []
    for mask, is_good in zip(binary, good):
        segment = mask & (panoptic == 0)
        taken.append(segment.any() & (segment.sum() >= free * mask.sum()) & is_good)
        number = number + taken[-1]
        panoptic = torch.where(segment & taken[-1], number, panoptic)
    best = semantic.argmax(0)
    for stuff in range(1, semantic.shape[0]):
        segment = (best == stuff) & (panoptic == 0)
        taken.append(segment.sum() >= area)
        number = number + taken[-1]
        panoptic = torch.where(segment & taken[-1], number, panoptic)
    of_stuff = torch.arange(1, semantic.shape[0], dtype=labels.dtype, device=labels.device)
    classes = torch.cat([filled(labels[order], most), things + of_stuff])
    return panoptic, classes[torch.stack(taken)]


def filled(values: Tensor, count: int) -> Tensor:
    """`values` [N, ...] and zeros after them: `count` in all."""
    zeros = values.new_zeros((count, *values.shape[1:]))
    return torch.cat([values, zeros]).narrow(0, 0, count)
