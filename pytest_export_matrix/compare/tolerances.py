"""The one table of tolerances, and the comparison of two arrays under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

Findings = Tuple[Dict[str, Any], List[str]]


@dataclass(frozen=True)
class Tolerance:
    """|actual - reference| <= scale * max|reference| + relative * |reference|, element by element.

    Both parts are relative to the reference, so that a wrong answer cannot hide below an absolute
    tolerance that was meant for outputs of another magnitude (softmax scores of a thousand
    classes, boxes in normalised coordinates).
    """

    scale: float
    relative: float


#: By kind of output and dtype. "values" is everything that has no entry of its own. Rounding alone
#: moves float32 boxes of a 300 pixel image by 1e-4 pixels and scores by 1e-6. The tolerance is some
#: hundred times that, and a tenth of an error of one percent.
TOLERANCES = {
    ("values", "float64"): Tolerance(1e-7, 1e-6),
    ("values", "float32"): Tolerance(1e-4, 1e-3),
    ("values", "float16"): Tolerance(2e-3, 5e-3),
    ("boxes", "float32"): Tolerance(1e-4, 0.0),
    ("boxes", "float16"): Tolerance(2e-3, 0.0),
    ("scores", "float32"): Tolerance(1e-5, 1e-3),
    ("masks", "float32"): Tolerance(1e-3, 0.0),
    ("semantic", "float32"): Tolerance(1e-3, 0.0),
    ("keypoints", "float32"): Tolerance(1e-4, 0.0),
}
EXACT = Tolerance(0.0, 0.0)


def tolerance(kind: str, dtype: str) -> Tolerance:
    """What is allowed for outputs of `kind` and `dtype`; integers and booleans must be equal."""
    return TOLERANCES.get((kind, dtype), TOLERANCES.get(("values", dtype), EXACT))


def misfit(problem: str) -> Dict[str, Any]:
    """The deviation of an answer that cannot be compared: its structure is another one."""
    return {"outputs": {}, "problems": [problem], "deviating": ["structure"]}


def compare_arrays(name: str, kind: str, reference: Any, actual: Any) -> Findings:
    """The deviation of two numpy arrays and what is wrong with it (nothing, if within tolerance).

    Shape and dtype are compared before any value. A NaN is always wrong, also where the reference
    has one; an infinity is equal to itself alone.
    """
    problem = mismatch(name, reference, actual)
    if problem:
        return {}, [problem]
    return compare_values(name, kind, reference, actual)


def mismatch(name: str, reference: Any, actual: Any, skip_first: bool = False) -> Optional[str]:
    """What differs in dtype or shape, or None. `skip_first` ignores the first dimension."""
    if actual.dtype != reference.dtype:
        return f"{name}: dtype {actual.dtype}, expected {reference.dtype}"
    if actual.ndim != reference.ndim:
        return f"{name}: shape {list(actual.shape)}, expected {list(reference.shape)}"
    first = 1 if skip_first else 0
    if actual.shape[first:] != reference.shape[first:]:
        return f"{name}: shape {list(actual.shape)}, expected {list(reference.shape)}"
    return None


def compare_values(name: str, kind: str, reference: Any, actual: Any) -> Findings:
    """As `compare_arrays`, for arrays known to agree in shape and dtype."""
    import numpy as np

    if reference.size == 0:
        return {"max_abs": 0.0, "max_rel": 0.0, "allowed": 0.0}, []
    if reference.dtype.kind not in "fc":
        wrong = int((reference != actual).sum())
        found = {"max_abs": float(wrong > 0), "max_rel": 0.0, "allowed": 0.0, "differing": wrong}
        if reference.dtype.kind in "iu":
            found["max_abs"] = float(np.abs(actual.astype("f8") - reference.astype("f8")).max())
        return found, [f"{name}: {wrong} of {reference.size} values differ"] if wrong else []
    allowed = tolerance(kind, str(reference.dtype))
    expected, got = reference.astype(np.float64), actual.astype(np.float64)
    finite = np.isfinite(expected)
    odd = int((np.isnan(got) | (got != expected) & ~(np.isfinite(got) & finite)).sum())
    if odd:
        return {"not_finite": odd}, [f"{name}: {odd} of {got.size} values are NaN or infinite"]
    if not finite.any():
        return {"max_abs": 0.0, "max_rel": 0.0, "allowed": 0.0}, []
    expected, got = expected[finite], got[finite]
    magnitude = float(np.abs(expected).max())
    distance = np.abs(got - expected)
    limit = allowed.scale * magnitude + allowed.relative * np.abs(expected)
    worst = int((distance - limit).argmax())
    found = {
        "max_abs": float(distance.max()),
        "max_rel": float(distance.max() / magnitude) if magnitude else float(distance.max() > 0),
        "allowed": float(limit[worst]),
    }
    outside = int((distance > limit).sum())
    if not outside:
        return found, []
    where = f"{got[worst]:.6g}, expected {expected[worst]:.6g}, allowed +-{limit[worst]:.2g}"
    return found, [f"{name}: {outside} of {distance.size} values outside tolerance ({where})"]
