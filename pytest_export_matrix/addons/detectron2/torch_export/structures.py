"""`Boxes` and `Instances` of a number that is not known yet.

Their constructors ask how many there are, which no program that is being captured can answer.
"""

from __future__ import annotations

from typing import Any, List, Tuple

from detectron2.structures import Boxes, Instances
from torch import Tensor

Size = Tuple[int, int]


def boxes(tensor: Tensor) -> Boxes:
    """`Boxes(tensor)`, of [N, 4]."""
    found = Boxes.__new__(Boxes)
    found.tensor = tensor
    return found


def instances(size: Size, **fields: Any) -> Instances:
    """`Instances(size, **fields)`."""
    found = Instances(size)
    found.get_fields().update(fields)
    return found


def counts(of_images: List[Instances], field: str) -> List[int]:
    """How many there are in each image."""
    return [getattr(each, field).tensor.shape[0] for each in of_images]


def are_large(boxes: Tensor, least: float = 0.0) -> Tensor:
    """`Boxes.nonempty`: which of boxes [N, 4] have both sides longer than `least`."""
    return (boxes[:, 2:] - boxes[:, :2] > least).all(1)
