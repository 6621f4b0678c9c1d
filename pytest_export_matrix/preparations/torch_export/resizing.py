"""The transform of torchvision's detectors, with sizes that torch.export can keep symbolic.

An image is resized by a factor, a float. A size that follows from a symbol by floats is an
expression that no guard can be decided on. So where a height or width is symbolic, what follows
from it is computed in tensors and read back with `item()`: a symbol of its own, of which
torch.export knows what is checked here, and needs to know no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.transform import resize_boxes, resize_keypoints

from .binding import bind
from .regions import Size, paste


def resized(size: Sequence[int], shortest: int, longest: int) -> list[int]:
    """The height and width of an image of `size` when its shorter side is to be `shortest`, or its
    longer one `longest` where that gives less: rounded down, as by torchvision."""
    scale = min(shortest / min(size), longest / max(size))
    return [int(side * scale) for side in size]


def resized_in_tensors(sides: Tensor, shortest: int, longest: int) -> Tensor:
    """`resized` for heights and widths [2, ...], by the same operations in float64: a number
    divided by a tensor would be a product with the reciprocal, which rounds otherwise."""
    sides = sides.to(torch.float64)
    # By `amin` and `amax`, OpenVINO would have the inverse of each quotient: docs/findings.md.
    height, width = sides[0], sides[1]
    scale = torch.minimum(
        torch.full_like(height, shortest) / torch.minimum(height, width),
        torch.full_like(height, longest) / torch.maximum(height, width),
    )
    return (sides * scale).to(torch.int64)


def prepare_transform(model: Any) -> str:
    bind(model.transform, resize=resize, batch_images=batch_images, postprocess=postprocess)
    return "images resized and padded by sizes that can be symbols"


def resize(transform: Any, image: Tensor, target: None = None) -> tuple[Tensor, None]:
    """`GeneralizedRCNNTransform.resize` of an image [C, H, W], for inference."""
    limits = (transform.min_size[-1], transform.max_size)
    size = list(image.shape[1:])
    if transform.fixed_size is not None:
        size = [transform.fixed_size[1], transform.fixed_size[0]]
    elif _are_numbers(size):
        size = resized(size, *limits)
    else:
        size = [side.item() for side in resized_in_tensors(_tensor(size), *limits)]
        for side in size:
            torch._check(side >= 1)
            torch._check(side <= transform.max_size)
    image = functional.interpolate(image[None], size=size, mode="bilinear", align_corners=False)
    return image[0], target


def batch_images(transform: Any, images: list[Tensor], size_divisible: int = 32) -> Tensor:
    """`GeneralizedRCNNTransform.batch_images`: see `stacked`."""
    return stacked(images, size_divisible)


def stacked(images: list[Tensor], divisible: int) -> Tensor:
    """Images [C, H, W] padded with zeros, to the right and below, to the next multiple of
    `divisible` of the largest: [N, C, H, W]."""
    height, width = (padded([image.shape[axis] for image in images], divisible) for axis in (1, 2))
    return torch.stack(
        [
            functional.pad(image, (0, width - image.shape[2], 0, height - image.shape[1]))
            for image in images
        ]
    )


def padded(sides: list[int], divisible: int) -> int:
    """The least multiple of `divisible` that is not below any of `sides`."""
    if _are_numbers(sides):
        return -(-max(sides) // divisible) * divisible
    parts: int = ((_tensor(sides).max() + divisible - 1) // divisible).item()
    torch._check(parts >= 1)
    for side in sides:
        torch._check(parts * divisible >= side)
    return parts * divisible


def postprocess(
    transform: Any, result: list[dict[str, Tensor]], image_shapes: list[Size], original: list[Size]
) -> list[dict[str, Tensor]]:
    """`GeneralizedRCNNTransform.postprocess`: detections in the resized images as those in images
    of the sizes `original`."""
    for found, size, wanted in zip(result, image_shapes, original):
        found["boxes"] = resize_boxes(found["boxes"], size, wanted)
        if "masks" in found:
            found["masks"] = paste(found["masks"], found["boxes"], wanted)
        if "keypoints" in found:
            found["keypoints"] = resize_keypoints(found["keypoints"], size, wanted)
    return result


def _are_numbers(sides: Sequence[int]) -> bool:
    """Whether none of them is a symbol."""
    return all(isinstance(side, int) for side in sides)


def _tensor(sides: Sequence[int]) -> Tensor:
    return torch.stack([torch.scalar_tensor(side, dtype=torch.int64) for side in sides])
