"""The comparison of two arrays, element by element, in units of the eager model's own noise."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from pytest_export_matrix.compare.noise import (
    FARTHER,
    MARGIN,
    Levels,
    Measured,
    Noise,
    as_real,
    margin,
    units,
)

Findings = Tuple[Dict[str, Any], List[str]]
#: Rounding may choose at most this share of an output's elements otherwise, however unsure eager
#: is.
FLIPS = 0.01


def misfit(problem: str) -> Dict[str, Any]:
    """The deviation of an answer that cannot be compared: its structure is another one."""
    return {"outputs": {}, "problems": [problem], "deviating": ["structure"]}


def compare_arrays(
    name: str, reference: Any, actual: Any, noise: Optional[Noise] = None
) -> Findings:
    """The deviation of two numpy arrays and what is wrong with it (nothing, if within tolerance).

    Shapes are compared before any value. Another dtype is wrong by itself, and the values are
    compared all the same: an engine without int64 may be right in everything else.
    """
    problem = other_shape(name, reference, actual)
    if problem:
        return {}, [problem]
    measured = noise.of(name) if noise else None
    return compare_values(name, reference, actual, noise, measured)


def other_shape(name: str, reference: Any, actual: Any, skip_first: bool = False) -> Optional[str]:
    """What differs in shape, or None. `skip_first` ignores the first dimension."""
    first = 1 if skip_first else 0
    if (actual.ndim, actual.shape[first:]) == (reference.ndim, reference.shape[first:]):
        return None
    return f"{name}: shape {list(actual.shape)}, expected {list(reference.shape)}"


def other_dtype(name: str, reference: Any, actual: Any) -> List[str]:
    """What differs in dtype: at most one sentence."""
    if actual.dtype == reference.dtype:
        return []
    return [f"{name}: dtype {actual.dtype}, expected {reference.dtype}"]


def compare_values(
    name: str,
    reference: Any,
    actual: Any,
    noise: Optional[Noise] = None,
    measured: Optional[Measured] = None,
) -> Findings:
    """As `compare_arrays`, for arrays of the same shape. `measured` belongs to `reference`, element
    by element; without it an element may be off by `margin` roundings.

    The figures: max_abs, the largest distance; max_rel, that of the largest value; allowed, what
    was allowed for the value that is off most, of the wrong ones if there are any; noise, how far
    eager's own answers lie apart at most; truth, how far this answer is from the float64 one at
    most; required, the units at which the output would pass; jumps, how many values rounding
    chose otherwise, as it does between eager's own answers.
    """
    dtype = other_dtype(name, reference, actual)
    if reference.size == 0:
        return {"max_abs": 0.0, "max_rel": 0.0, "allowed": 0.0}, dtype
    if reference.dtype.kind not in "fc":
        figures, wrong = _compare_exactly(name, reference, actual, measured)
        return figures, dtype + wrong
    figures, wrong = _compare_floats(name, reference, actual, noise, measured)
    return figures, dtype + wrong


def _compare_exactly(
    name: str, reference: Any, actual: Any, measured: Optional[Measured]
) -> Findings:
    """Compare integers and booleans. They must be equal, but for what rounding decides: a class map
    has pixels between two classes. Elements that differ between eager's own answers do not count;
    of the others as many may differ as `MARGIN` times what eager itself is unsure of."""
    import numpy as np

    differs = reference != actual
    unsure = np.zeros(differs.shape, bool) if measured is None else measured.noise > 0
    figures = {
        "max_abs": float(np.abs(as_real(actual) - as_real(reference)).max()),
        "max_rel": 0.0,
        "allowed": 0.0,
        "differing": int(differs.sum()),
    }
    wrong = int((differs & ~unsure).sum())
    if wrong <= _most_chosen_otherwise(int(unsure.sum()), reference.size):
        return figures, []
    return figures, [f"{name}: {wrong} of {reference.size} values differ"]


def _compare_floats(
    name: str,
    reference: Any,
    actual: Any,
    noise: Optional[Noise],
    measured: Optional[Measured],
) -> Findings:
    """Compare floats. NaN and infinities must stand where eager has them, unless eager's own
    answers differ there."""
    import numpy as np

    levels = (noise.levels.get(name) if noise else None) or Levels()
    if levels.stepped:  # what is not a rounding is a step
        unit = units(reference, name, None, None)
    else:
        unit = units(reference, name, measured, noise)
    expected, got = as_real(reference), as_real(actual)
    if got.shape != expected.shape:  # complex numbers against real ones
        return {}, [f"{name}: complex numbers and real ones cannot be compared"]
    with np.errstate(all="ignore"):
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        finite = np.isfinite(got) & np.isfinite(expected)
        odd = int((~finite & ~same & np.isfinite(unit)).sum())
        if odd:
            return {"not_finite": odd}, [_not_finite(name, odd, expected, got)]
        counts = finite & np.isfinite(unit)
        if not counts.any():
            return {"max_abs": 0.0, "max_rel": 0.0, "allowed": 0.0}, []
        expected, got, unit = expected[counts], got[counts], unit[counts]
        distance = np.abs(got - expected)
        # A distance where nothing is allowed needs an infinite tolerance.
        required = np.where(distance > 0, distance / unit, 0.0)
        # Without measured noise each value has that of its rounding.
        noisy = measured.noise[counts] > 0 if measured is not None else distance > 0
        most = margin(int(noisy.sum()), int((required > MARGIN).sum()))
    outside = required > most
    jumps = 0
    if _as_eager_jumps(distance[outside], levels, outside.size):
        jumps = int(outside.sum())
        required, outside = np.where(outside, 0.0, required), np.zeros_like(outside)
    # Of the values that are wrong, the one that is off most tells a reader most.
    worst = int(np.where(outside, distance, -1.0).argmax() if outside.any() else required.argmax())
    largest = float(np.abs(expected).max())
    figures = {
        "max_abs": float(distance.max()),
        "max_rel": float(distance.max() / largest) if largest else float(distance.max() > 0),
        "allowed": float(most * unit[worst]),
        "required": float(min(required.max(), np.finfo(np.float32).max)),
    }
    if jumps:
        figures["jumps"] = float(jumps)
    if measured is not None:
        shift = measured.shift[counts]
        figures["noise"] = float(measured.noise[counts].max())
        known = np.isfinite(shift)
        if known.any():
            figures["truth"] = float(np.abs(got - expected - shift)[known].max())
    if not outside.any():
        return figures, []
    where = f"{got[worst]:.6g}, expected {expected[worst]:.6g}, allowed +-{figures['allowed']:.2g}"
    return figures, [
        f"{name}: {int(outside.sum())} of {distance.size} values outside tolerance ({where})"
    ]


def _most_chosen_otherwise(by_eager: float, values: int) -> float:
    """Of how many values rounding may choose another, where eager's own answers differ in so many
    `by_eager`."""
    return min(max(1, MARGIN * by_eager), FLIPS * values) if by_eager else 0


def _as_eager_jumps(distances: Any, levels: Levels, values: int) -> bool:
    """Whether so many of so many values being off so far is what rounding does to this output: few
    of them jump in eager's own answers too, and about as far."""
    jumps = levels.jumps * values
    most = _most_chosen_otherwise(jumps, values)
    if levels.stepped:
        most = max(most, FARTHER * jumps)
    if not 0 < len(distances) <= most:
        return False
    return bool(distances.max() <= FARTHER * levels.farthest)


def _not_finite(name: str, odd: int, expected: Any, got: Any) -> str:
    """What to say of values that are NaN or infinite on one side alone."""
    import numpy as np

    if not np.isfinite(expected).all():
        return f"{name}: {odd} of {got.size} values are NaN or infinite in one answer alone"
    return f"{name}: {odd} of {got.size} values are NaN or infinite"
