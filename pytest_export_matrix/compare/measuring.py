"""Eager's own answers to one case -> the noise of each element. `noise` says what it allows.

An element moves as its neighbours do, or it jumps: where a model chooses by rounding, most of its
answers stay as they are to the last bit, and one is another by a whole step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional, Sequence, Tuple

from pytest_export_matrix.compare.noise import (
    FEW,
    Measured,
    Noise,
    as_real,
    margin,
    noise_levels,
    units,
)

#: Neighbours of which this share differs from eager's answer are moved by rounding, and do not only
#: jump here and there. (Where half of them are zeros of a ReLU, one half can be moved.)
COMMON = 1 / 4
#: From how many units of the noise of eager's other answers on the one in float64 is another answer
#: and not the truth: the model asks for its dtype. Of all models that were tried it is off by at
#: most 5. Up to this, an error of one percent is still seen: `MARGIN` * 1000 roundings are less.
ANOTHER = 1000
#: An output that has more steps is no quantized one,
MOST_STEPS = 2**16
#: and values are multiples of a step to this share of it.
NEARLY = 1 / 50


def measure(reference: Any, others: Sequence[Any], truth: Optional[Any]) -> Measured:
    """The noise of one array, given eager's `others` and the float64 answer, all of its shape."""
    import numpy as np

    expected = as_real(reference)
    shift = np.full_like(expected, np.nan)
    figures = [as_real(other) for other in others]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if truth is not None:
            exact = as_real(truth)
            if reference.dtype.kind in "fc":
                # A sentinel such as torch.finfo(x.dtype).max is another one in float64.
                beyond = np.abs(exact) > np.finfo(reference.dtype).max
                exact = np.where(beyond & np.isfinite(exact), expected, exact)
            shift = np.where(expected == exact, 0.0, exact - expected)
            figures.append(exact)
        distances = np.zeros((max(1, len(figures)), *expected.shape), np.float32)
        for distance, figure in zip(distances, figures):
            distance[...] = _distance(expected, figure)
        noise, usual, moves = _scatter(distances)
        found = Measured(noise, shift.astype(np.float32), moves)
        if reference.dtype.kind in "fc":
            if others and truth is not None:
                drawn, _, together = _scatter(distances[:-1])
                alone = Measured(drawn, shift, together)
                found.another = _is_another(reference, alone, distances[-1])
            found.stepped = _is_stepped(expected, noise, np.finfo(reference.dtype).eps)
            if found.stepped:
                most = max(int((distance > 0).sum()) for distance in distances)
                found.jumps, found.farthest = most, float(noise.max())
            else:
                found.jumps, found.farthest = _jumps(reference, found, usual)
        return found


def finds_others(unmatched: Sequence[int], count: int) -> bool:
    """Whether the float64 answer finds other things than eager, and not by chance. `unmatched`: for
    each other answer, the float64 one last, how many of its things and of the `count` that eager
    found have no counterpart."""
    *drawn, exact = unmatched
    return bool(drawn) and exact - max(drawn) >= max(FEW, COMMON * count)


def _scatter(distances: Any) -> Tuple[Any, Any, Any]:
    """The largest and the median distance of each element, and whether it moves; see `Measured`."""
    import numpy as np

    ordered = np.sort(distances, 0)
    usual = ordered[(len(ordered) - 1) // 2]
    together = [_moved_with_neighbours(distance > 0) for distance in distances]
    return ordered[-1].copy(), usual, np.logical_or.reduce([usual > 0, *together])


def _is_another(reference: Any, drawn: Measured, distance: Any) -> bool:
    """Whether the float64 answer is at a `distance` from eager's that the noise `drawn` does not
    explain: not in a value here and there, but in `COMMON` of its neighbours."""
    unit = units(reference, "", drawn, Noise(levels={"": noise_levels([drawn])}))
    return bool(_moved_with_neighbours(distance > ANOTHER * unit).any())


def _moved_with_neighbours(differs: Any) -> Any:
    """Where an answer `differs` from eager's, bool, and so do neighbours: of all of them that share
    the index in dimension 1 or in the last one, `COMMON` at least. Where these are few, of all."""
    if not differs.size:
        return differs
    moved, axes = differs, [axis for axis in {1, differs.ndim - 1} if 0 < axis < differs.ndim]
    many = [axis for axis in axes if differs.size >= FEW * differs.shape[axis]]
    for kept in many or [None]:
        others = tuple(axis for axis in range(differs.ndim) if axis != kept)
        moved = moved & (differs.mean(others, keepdims=True) >= COMMON)
    return moved


def _is_stepped(expected: Any, noise: Any, eps: float) -> bool:
    """Whether all values and all noise are multiples of one step, which is no rounding itself."""
    import numpy as np

    if not (noise > 0).any() or not np.isfinite(noise).all() or not np.isfinite(expected).all():
        return False
    values, moved = np.unique(expected), np.unique(noise[noise > 0]).astype(np.float64)
    if len(values) < 2 or (len(values) < FEW and len(values) * FEW > expected.size):
        return False
    step = min(float(np.diff(values).min()), float(moved[0]))
    if np.ptp(values) > MOST_STEPS * step or step < 2 * eps * float(np.abs(values).max()):
        return False
    multiples = np.concatenate([values - values[0], moved]) / step
    return bool((np.abs(multiples - multiples.round()) < NEARLY).all())


def _jumps(reference: Any, measured: Measured, usual: Any) -> Tuple[int, float]:
    """How many elements of `reference` are far off in less than half of eager's answers, in units
    as they are in the others, and how far at most. `usual` is their median distance."""
    import numpy as np

    others = Noise(levels={"": noise_levels([measured])})
    unit = units(reference, "", replace(measured, noise=usual), others)
    most = margin(int((measured.noise > 0).sum())) * unit
    far = measured.noise[(measured.noise > most) & np.isfinite(measured.noise)]
    return far.size, float(far.max()) if far.size else 0.0


def _distance(a: Any, b: Any) -> Any:
    """|a - b|, 0 where both are the same infinity or NaN, infinite where one alone is finite."""
    import numpy as np

    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf, posinf=np.inf))
