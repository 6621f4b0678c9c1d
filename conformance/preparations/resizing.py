"""The transform of torchvision's detectors, with sizes that torch.export can keep symbolic.

Where a height or width is symbolic, what follows from it is computed in a tensor and read back with
`item()`: an unbacked symbol, of which torch.export knows what is checked here and asks no more. The
sizes themselves would be expressions of floats that no guard can be decided on.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.transform import resize_boxes, resize_keypoints

from .regions import paste

Size = tuple[int, int]


def resized(size: Size, shortest: int, longest: int) -> Size:
    """(height, width) of an image of `size` once its shorter side is `shortest`, or its longer one
    `longest` where that is less: rounded down, in float64, as torchvision and `interpolate` do."""
    scale = min(shortest / min(size), longest / max(size))
    height, width = size
    return int(height * scale), int(width * scale)


def resized_symbolic(size: Size, shortest: int, longest: int) -> Size:
    """As `resized`, by the same operations on tensors."""
    sides = torch.stack([torch.scalar_tensor(side, dtype=torch.float64) for side in size])
    # A number divided by a tensor would be a product with its reciprocal: rounded twice.
    scale = torch.minimum(
        torch.full_like(sides[0], shortest) / sides.min(),
        torch.full_like(sides[0], longest) / sides.max(),
    )
    height, width = ((side * scale).to(torch.int64).item() for side in sides)
    for side in (height, width):
        torch._check(side >= 1)
        torch._check(side <= longest)
    return int_like(height), int_like(width)


def int_like(value: Any) -> int:
    """A symbolic integer is one for the type checker."""
    found: int = value
    return found


def is_symbolic(*sizes: int) -> bool:
    return not all(isinstance(size, int) for size in sizes)


def resize(transform: Any, image: Tensor, target: None = None) -> tuple[Tensor, None]:
    """`GeneralizedRCNNTransform.resize` of an image [C, H, W], for inference."""
    size = (image.shape[1], image.shape[2])
    compute = resized_symbolic if is_symbolic(*size) else resized
    found = compute(size, transform.min_size[-1], transform.max_size)
    image = functional.interpolate(
        image[None], size=list(found), mode="bilinear", align_corners=False
    )
    return image[0], target


def batch_images(transform: Any, images: list[Tensor], size_divisible: int = 32) -> Tensor:
    """`GeneralizedRCNNTransform.batch_images`: images [C, H, W] padded with zeros, to the right and
    below, to the next multiple of `size_divisible` of the largest: [N, C, H, W]."""
    height, width = (
        padded([image.shape[axis] for image in images], size_divisible) for axis in (1, 2)
    )
    return torch.stack(
        [
            functional.pad(image, (0, width - image.shape[2], 0, height - image.shape[1]))
            for image in images
        ]
    )


def padded(sides: list[int], divisible: int) -> int:
    """The least multiple of `divisible` that no side is longer than."""
    if not is_symbolic(*sides):
        return -(-max(sides) // divisible) * divisible
    longest = torch.stack([torch.scalar_tensor(side, dtype=torch.int64) for side in sides]).max()
    cells = ((longest + divisible - 1) // divisible).item()
    torch._check(cells >= 1)
    for side in sides:
        torch._check(cells * divisible >= side)
    return int_like(cells * divisible)


def postprocess(
    transform: Any, result: list[dict[str, Tensor]], image_shapes: list[Size], original: list[Size]
) -> list[dict[str, Tensor]]:
    """`GeneralizedRCNNTransform.postprocess`: detections of the resized images as those of the
    images of the sizes `original`."""
    for found, size, wanted in zip(result, image_shapes, original):
        found["boxes"] = resize_boxes(found["boxes"], size, wanted)
        if "masks" in found:
            found["masks"] = paste(found["masks"], found["boxes"], wanted)
        if "keypoints" in found:
            found["keypoints"] = resize_keypoints(found["keypoints"], size, wanted)
    return result
