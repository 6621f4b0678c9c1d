"""What is done in regions, of which nobody knows how many there are.

These functions take the place of methods of detectron2, for inference.
"""

from __future__ import annotations

from typing import Any, List

import torch
from detectron2.modeling.poolers import assign_boxes_to_levels
from detectron2.structures import Boxes, Instances
from torch import Tensor
from torch.nn import functional

from pytest_export_matrix.addons.detectron2.torch_export.structures import Size, counts
from pytest_export_matrix.preparations.torch_export import regions as stretched


def pool(pooler: Any, maps: List[Tensor], of_images: List[Boxes]) -> Tensor:
    """`ROIPooler.forward`: each region is pooled from every level, and that of its size is taken:
    [R, C, S, S]."""
    images = [torch.full_like(each.tensor[:, :1], i) for i, each in enumerate(of_images)]
    regions = torch.cat([torch.cat(images), torch.cat([each.tensor for each in of_images])], dim=1)
    pooled = [of_level(map, regions) for of_level, map in zip(pooler.level_poolers, maps)]
    found = pooled[0]
    if len(pooled) > 1:
        span = pooler.min_level, pooler.max_level
        canonical = pooler.canonical_box_size, pooler.canonical_level
        level_of = assign_boxes_to_levels(of_images, *span, *canonical)[:, None, None, None]
        for level, of_level in enumerate(pooled[1:], start=1):
            found = torch.where(level_of == level, of_level, found)
    return found


def convolve(conv: Any, regions: Tensor) -> Tensor:
    """`Conv2d.forward`, which asks whether there are any, for training."""
    found = conv._conv_forward(regions, conv.weight, conv.bias)
    if conv.norm is not None:
        found = conv.norm(found)
    if conv.activation is not None:
        found = conv.activation(found)
    return found


def masks(head: Any, regions: Tensor, found: List[Instances]) -> List[Instances]:
    """`BaseMaskRCNNHead.forward`, of regions [R, C, S, S]."""
    return with_masks(found, head.layers(regions))


def with_masks(found: List[Instances], logits: Tensor) -> List[Instances]:
    """`mask_rcnn_inference`: of logits [R, K, M, M] each region gets the mask [1, M, M] of its
    class."""
    if logits.shape[1] > 1:
        classes = torch.cat([each.pred_classes for each in found])
        index = torch.arange(classes.shape[0], device=classes.device)
        logits = logits[index, classes][:, None]
    of_images = logits.sigmoid().split(counts(found, "pred_boxes"))
    for each, its_masks in zip(found, of_images):
        each.get_fields()["pred_masks"] = its_masks
    return found


def keypoints(head: Any, regions: Tensor, found: List[Instances]) -> List[Instances]:
    """`BaseKeypointRCNNHead.forward`: each region gets its heatmaps [K, S, S], and its keypoints as
    (x, y, score) [K, 3]. The score is that of a softmax over the heatmap as it is."""
    heatmaps = head.layers(regions)
    corners = torch.cat([each.pred_boxes.tensor for each in found])
    places, highest = stretched.keypoints(heatmaps, corners)
    scores = 1 / (heatmaps - highest[:, :, None, None]).exp().sum((2, 3))
    places = torch.cat([places[:, :, :2], scores[:, :, None]], dim=2)
    amounts = counts(found, "pred_boxes")
    for each, its_places, its_maps in zip(found, places.split(amounts), heatmaps.split(amounts)):
        fields = {"pred_keypoints": its_places, "pred_keypoint_heatmaps": its_maps}
        each.get_fields().update(fields)
    return found


def paste(masks: Tensor, corners: Tensor, size: Size) -> Tensor:
    """`paste_masks_in_image`: masks [N, M, M] of at least one half, each stretched over its box of
    corners [N, 4] in an image of (height, width): bool [N, H, W]. The interpolation is one product
    of matrices for each direction; beyond a mask there are zeros, as for `grid_sample`."""
    across, down = (
        _weights(masks.shape[-1], corners[:, axis, None], corners[:, axis + 2, None], side)
        for axis, side in enumerate(size[::-1])
    )
    return down @ masks @ across.transpose(1, 2) >= 0.5


def _weights(cells: int, begins: Tensor, ends: Tensor, side: int) -> Tensor:
    """How much each of `cells` counts for each pixel of a line of `side` pixels when the cells are
    stretched from begins [N, 1] to ends [N, 1]: [N, side, cells]."""
    pixels = torch.arange(side, device=begins.device, dtype=begins.dtype) + 0.5
    places = (pixels - begins) / (ends - begins) * cells - 0.5
    every_cell = torch.arange(cells, device=begins.device, dtype=begins.dtype)
    return functional.relu(1 - (places[:, :, None] - every_cell).abs())
