"""The beginning: images become one padded tensor, and maps of its size."""

from __future__ import annotations

from typing import Any, Dict, List

import torch
from detectron2.structures import ImageList
from torch import Tensor

from pytest_export_matrix.preparations.torch_export.resizing import stacked


def padding(backbone: Any) -> Dict[str, int]:
    """How images are padded for `backbone`; v0.6 knows `size_divisibility` alone."""
    found: Dict[str, int] = getattr(backbone, "padding_constraints", {})
    return found


def preprocess(model: Any, inputs: List[Dict[str, Tensor]]) -> ImageList:
    """`preprocess_image`: images [C, H, W] normalized, and padded with zeros to the right and below
    to the next multiple of what the backbone divides by."""
    images = [
        (each["image"].to(model.pixel_mean) - model.pixel_mean) / model.pixel_std for each in inputs
    ]
    backbone = model.backbone
    divisible = padding(backbone).get("size_divisibility", backbone.size_divisibility)
    batch = stacked(images, max(divisible, 1))
    return ImageList(batch, [(image.shape[1], image.shape[2]) for image in images])


def normalise_groups(norm: Any, maps: Tensor) -> Tensor:
    """`GroupNorm.forward`, which asks whether a map is of one pixel, for training."""
    return torch.group_norm(maps, norm.num_groups, norm.weight, norm.bias, norm.eps)
