"""What is done region by region in torchvision, done for all regions at once.

torchvision loops over the regions, or over those of each level of the pyramid; of a number of
regions that is known when the model runs, torch.export can unroll no loop.
"""

from __future__ import annotations

from typing import Any, Tuple

import torch
from torch import Tensor
from torchvision.models.detection.roi_heads import expand_boxes, expand_masks, maskrcnn_inference
from torchvision.ops import roi_align

Size = Tuple[int, int]


def pool(
    pooling: Any, features: dict[str, Tensor], boxes: list[Tensor], image_shapes: list[Size]
) -> Tensor:
    """`MultiScaleRoIAlign.forward`: each region is pooled from every level, and that of its size is
    taken: [R, C, S, S]. It needs the scales that a call of the model has left."""
    images = [torch.full_like(of_image[:, :1], i) for i, of_image in enumerate(boxes)]
    regions = torch.cat([torch.cat(images), torch.cat(boxes)], dim=1)
    levels = pooling.map_levels(boxes)[:, None, None, None]
    maps = [features[name] for name in features if name in pooling.featmap_names]
    pooled = [
        roi_align(of_level, regions, pooling.output_size, scale, pooling.sampling_ratio)
        for of_level, scale in zip(maps, pooling.scales)
    ]
    found = pooled[0]
    for level, of_level in enumerate(pooled[1:], start=1):
        found = torch.where(levels == level, of_level, found)
    return found


def normalise(norm: Any, regions: Tensor) -> Tensor:
    """`BatchNorm2d.forward` in eval mode, of regions [R, C, H, W]. torch.export would have to know
    whether there are any: torch's own batch normalization asks."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * scale
    return regions * scale[:, None, None] + shift[:, None, None]


def linear_weights(cells: int, sides: Tensor, offsets: Tensor) -> Tensor:
    """How much each of `cells` counts for each pixel of a line when the cells are stretched, by
    linear interpolation, over a segment: [N, P, cells], zero outside of the segment.

    sides [N, 1]: the segments' lengths in pixels; offsets [N, P]: the pixels, counted from the
    segment's begin. As `interpolate` with align_corners=False.
    """
    positions = ((offsets + 0.5) * cells / sides - 0.5).clamp(0, cells - 1)
    distances = (positions[:, :, None] - torch.arange(cells, device=sides.device)).abs()
    inside = (offsets >= 0) & (offsets < sides)
    return (1 - distances).clamp(min=0) * inside[:, :, None]


def paste(masks: Tensor, boxes: Tensor, size: Size) -> Tensor:
    """`paste_masks_in_image`: masks [N, 1, M, M], each stretched over its box in an image of
    `size`: [N, 1, H, W]. The interpolation is one product of matrices for each direction."""
    masks, scale = expand_masks(masks, padding=1)
    whole = expand_boxes(boxes, scale).to(torch.int64)
    corners, extents = whole[:, :2], (whole[:, 2:] - whole[:, :2] + 1).clamp(min=1)
    across, down = (
        linear_weights(
            masks.shape[-1],
            extents[:, axis, None].to(masks.dtype),
            (torch.arange(side, device=boxes.device) - corners[:, axis, None]).to(masks.dtype),
        )
        for axis, side in enumerate(size[::-1])
    )
    return (down @ masks[:, 0] @ across.transpose(1, 2))[:, None]


def cubic(distances: Tensor) -> Tensor:
    """The weight of a cell at these distances, up to 2 cells: Keys, "Cubic convolution
    interpolation for digital image processing" (1981), equation 4, whose free factor is -3/4 in
    `interpolate`."""
    x, a = distances.abs(), -0.75
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return torch.where(x <= 1, near, far)


def cubic_weights(cells: int, sides: Tensor, pixels: Tensor) -> Tensor:
    """How much each of `cells` counts for each of `pixels` [P] when the cells are stretched, by
    cubic convolution, over `sides` [N, 1] pixels: [N, P, cells]. Beyond the border the last cell is
    repeated."""
    positions = (pixels + 0.5) * (cells / sides) - 0.5
    before = positions.floor()
    every_cell = torch.arange(cells, device=sides.device)
    weights = torch.zeros_like(positions)[:, :, None]
    for cell in (before - 1, before, before + 1, before + 2):
        chosen = cell.clamp(0, cells - 1)[:, :, None] == every_cell
        weights = weights + cubic(positions - cell)[:, :, None] * chosen
    return weights


def keypoints(maps: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """`heatmaps_to_keypoints`: where each of the heatmaps [N, K, S, S], stretched over its box of
    `boxes` [N, 4], is highest, as (x, y, 1) [N, K, 3], and its value there [N, K].

    All are stretched on a canvas of the largest of the boxes, which costs its pixels for each box;
    keypoint after keypoint, so that there is one such canvas a box at a time.
    """
    sides = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1)
    pixels = sides.ceil()
    width, height = (largest(pixels[:, axis]) for axis in (0, 1))
    x, y = (torch.arange(side, device=boxes.device, dtype=boxes.dtype) for side in (width, height))
    across = cubic_weights(maps.shape[3], pixels[:, :1], x).transpose(1, 2)
    down = cubic_weights(maps.shape[2], pixels[:, 1:], y)
    inside = (y[:, None] < pixels[:, 1, None, None]) & (x < pixels[:, 0, None, None])
    cells, values = [], []
    for k in range(maps.shape[1]):
        stretched = (down @ maps[:, k] @ across).masked_fill(~inside, float("-inf"))
        cells.append(torch.stack([stretched.amax(rows).argmax(1) for rows in (1, 2)], dim=1))
        values.append(stretched.amax((1, 2)))
    of_cells = (torch.stack(cells, dim=1) + 0.5) * (sides / pixels)[:, None] + boxes[:, None, :2]
    seen = torch.ones_like(of_cells[:, :, :1])
    return torch.cat([of_cells, seen], dim=2), torch.stack(values, dim=1)


def largest(sides: Tensor) -> int:
    """The largest of `sides` [N], at least 1."""
    side: int = torch.cat([sides, sides.new_ones(1)]).max().to(torch.int64).item()
    torch._check(side >= 1)
    return side


def forward_with_keypoints(
    heads: Any,
    features: dict[str, Tensor],
    proposals: list[Tensor],
    image_shapes: list[Size],
    targets: None = None,
) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
    """`RoIHeads.forward` where it has a head of keypoints, for inference."""
    pooled = heads.box_head(heads.box_roi_pool(features, proposals, image_shapes))
    boxes, scores, labels = heads.postprocess_detections(
        *heads.box_predictor(pooled), proposals, image_shapes
    )
    detections = [
        {"boxes": of_image, "labels": its_labels, "scores": its_scores}
        for of_image, its_labels, its_scores in zip(boxes, labels, scores)
    ]
    if heads.has_mask():
        pooled = heads.mask_head(heads.mask_roi_pool(features, boxes, image_shapes))
        masks = maskrcnn_inference(heads.mask_predictor(pooled), labels)
        for found, of_image in zip(detections, masks):
            found["masks"] = of_image
    pooled = heads.keypoint_head(heads.keypoint_roi_pool(features, boxes, image_shapes))
    maps = heads.keypoint_predictor(pooled).split([of_image.shape[0] for of_image in boxes])
    for found, of_image in zip(detections, maps):
        found["keypoints"], found["keypoints_scores"] = keypoints(of_image, found["boxes"])
    return detections, {}
