"""Answers, and the noise of answers, for the tests of what follows from noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from pytest_export_matrix.compare import tensors
from pytest_export_matrix.compare.noise import Noise, pool
from pytest_export_matrix.vocabulary.pytrees import flatten, unflatten


def rounded(array: Any, seed: int, scale: float = 1.0) -> Any:
    """`array` with each value off by a rounding of itself, or not at all; exact values stay."""
    steps = np.random.default_rng(seed).integers(-1, 2, array.shape)
    factor = 1 + scale * steps * np.finfo(array.dtype).eps
    with np.errstate(invalid="ignore"):
        moved = (array * factor).astype(array.dtype)
    exact = (np.abs(array.astype(complex)) >= 1e9) | (array == 0) | ~np.isfinite(array)
    return np.where(exact, array, moved)


def noise_of(answer: Any, scale: float = 1.0) -> Noise:
    """The noise of a tree of arrays whose draws are rounded otherwise."""
    leaves, spec = flatten(answer)
    draws = [unflatten([rounded(leaf, seed, scale) for leaf in leaves], spec) for seed in (1, 2, 3)]
    noise = tensors.measure_answers(answer, draws, None, {})
    pool([noise])
    return noise


def images(count: int = 3) -> Any:
    return np.random.default_rng(4).normal(size=(count, 5, 6)).astype(np.float32)


def found(*scores: float, shift: float = 0.0) -> dict[str, Any]:
    """A detection for each score, 40 pixels apart."""
    left = np.arange(len(scores)) * 40 + shift
    boxes = np.stack([left, left * 0, left + 20, left * 0 + 20], 1).astype(np.float32)
    labels = np.ones(len(scores), np.int64)
    return {"boxes": boxes, "labels": labels, "scores": np.array(scores, np.float32)}
