"""How detections follow from the outputs of a detector's layers, as the papers say, in plain numpy.
The tests compare torchvision's way of computing them with this one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
#: Largest exponent of a side: what torchvision and detectron2 clamp deltas to.
CLAMP = np.log(1000 / 16)


def decode(deltas: Array, boxes: Array, weights: tuple[float, ...]) -> Array:
    """Girshick et al. 2014, appendix C: deltas of centre and size, each divided by its weight."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + width / 2, boxes[:, 1] + height / 2
    dx, dy, dw, dh = (deltas / np.array(weights)).T
    x, y = x + dx * width, y + dy * height
    width, height = width * np.exp(np.minimum(dw, CLAMP)), height * np.exp(np.minimum(dh, CLAMP))
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)


def clip(boxes: Array, size: tuple[int, int]) -> Array:
    height, width = size
    return np.minimum(np.maximum(boxes, 0), [width, height, width, height])


def softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    found: Array = powers / powers.sum(1, keepdims=True)
    return found


def sigmoid(logits: Array) -> Array:
    found: Array = 1 / (1 + np.exp(-logits))
    return found


def overlap(box: Array, others: Array) -> Array:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    found: Array = shared / (areas - shared)
    return found


def best(
    boxes: Array, probabilities: Array, labels: Iterable[int], threshold: float, limit: float
) -> list[Any]:
    """(score, label, box) by descending score: non-maximum suppression, class by class."""
    kept = []
    for label in labels:
        scores = probabilities[:, label]
        left = [i for i in np.argsort(-scores) if scores[i] > threshold]
        while left:
            first, left = left[0], left[1:]
            kept.append((scores[first], label, boxes[first]))
            near = overlap(boxes[first], boxes[left]) > limit if left else []
            left = [i for i, is_near in zip(left, near) if not is_near]
    return sorted(kept, key=lambda each: -each[0])
