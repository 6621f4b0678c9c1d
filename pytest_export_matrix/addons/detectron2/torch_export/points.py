"""The mask head of PointRend: masks that are refined point by point, where they are unsure.

These functions take the place of methods of `PointRendMaskHead`, for inference.
"""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

import torch
from detectron2.projects.point_rend.mask_head import PointRendMaskHead, calculate_uncertainty
from detectron2.projects.point_rend.point_features import (
    generate_regular_grid_point_coords,
    get_uncertain_point_coords_on_grid,
)
from detectron2.structures import Boxes, Instances
from torch import Tensor
from torch.nn import functional

from pytest_export_matrix.addons.detectron2.torch_export.regions import with_masks

HEAD = PointRendMaskHead


def pool(head: Any, maps: Dict[str, Tensor], of_images: List[Boxes]) -> Tensor:
    """`_roi_pooler`: a regular grid of each region: [R, C, S, S]."""
    side, boxes = head.roi_pooler_size, _corners(of_images)
    places = generate_regular_grid_point_coords(boxes.shape[0], side, boxes.device)
    sampled = _sampled(head, maps, head.roi_pooler_in_features, of_images, places)
    return sampled.reshape(boxes.shape[0], sampled.shape[1], side, side)


def pool_points(
    head: Any, maps: Dict[str, Tensor], of_images: List[Boxes], places: Tensor
) -> Tensor:
    """`_point_pooler`: at places [R, P, 2] in each region: [R, C, P]."""
    return _sampled(head, maps, head.mask_point_in_features, of_images, places)


def subdivide(
    head: Any, maps: Dict[str, Tensor], coarse: Tensor, found: List[Instances]
) -> List[Instances]:
    """`_subdivision_inference`: a mask for each region, of twice the resolution at each step."""
    of_images = [each.pred_boxes for each in found]
    classes = torch.cat([each.pred_classes for each in found])
    side, amount = head.mask_point_subdivision_init_resolution, classes.shape[0]
    places = generate_regular_grid_point_coords(amount, side, coarse.device)
    logits = head._get_point_logits(head._point_pooler(maps, of_images, places), places, coarse)
    logits = logits.reshape(amount, logits.shape[1], side, side)
    for _ in range(head.mask_point_subdivision_steps):
        logits = functional.interpolate(logits, scale_factor=2, mode="bilinear")
        unsure = calculate_uncertainty(logits, classes)
        index, places = get_uncertain_point_coords_on_grid(
            unsure, head.mask_point_subdivision_num_points
        )
        refined = head._get_point_logits(
            head._point_pooler(maps, of_images, places), places, coarse
        )
        index = index[:, None].expand(-1, logits.shape[1], -1)
        logits = logits.flatten(2).scatter(2, index, refined).reshape(logits.shape)
    return with_masks(found, logits)


def _corners(of_images: List[Boxes]) -> Tensor:
    return torch.cat([each.tensor for each in of_images])


def _sampled(
    head: Any,
    maps: Dict[str, Tensor],
    names: Sequence[str],
    of_images: List[Boxes],
    places: Tensor,
) -> Tensor:
    """`point_sample_fine_grained_features`: feature maps [N, C, H, W] at places [R, P, 2], from 0
    to 1 in each region: [R, C, P] with the channels of all maps."""
    corners = _corners(of_images)[:, None]
    in_image = corners[..., :2] + places * (corners[..., 2:] - corners[..., :2])
    amounts = [each.tensor.shape[0] for each in of_images]
    found = []
    for i, its_places in enumerate(in_image.split(amounts)):
        of_image = []
        for name in names:
            height, width = maps[name].shape[-2:]
            stride = 1 / head._feature_scales[name]
            x, y = its_places[..., 0] / (width * stride), its_places[..., 1] / (height * stride)
            grid = 2 * torch.stack([x, y], dim=-1)[None] - 1
            of_map = functional.grid_sample(maps[name][i : i + 1], grid, align_corners=False)
            of_image.append(of_map[0].transpose(0, 1))
        found.append(torch.cat(of_image, dim=1))
    return torch.cat(found)
