"""Sets of queries, as DETR-like models answer: their order means nothing where they tie.

A transformer detector answers with Q queries for each image: logits [N, Q, C], boxes [N, Q, 4] and
the like. Many choose their queries by a top-k over the image, so rounding decides about the order
of two that tie, and which of two comes last. The queries of each image are therefore assigned to
each other, by the largest difference of any of their values, in units of eager's own noise; a query
that is right where it stands stays there. Then all values are compared.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from pytest_export_matrix.compare.arrays import misfit, other_shape
from pytest_export_matrix.compare.measuring import finds_others
from pytest_export_matrix.compare.noise import MARGIN, Noise, as_real, units
from pytest_export_matrix.compare.tensors import compare_trees, measure_trees
from pytest_export_matrix.vocabulary.pytrees import named_leaves

#: Two of eager's own queries are the same one if they differ by no more than this share of what
#: queries usually differ by.
SAME_QUERY = 0.05


def compare(
    reference: Any, actual: Any, options: Dict[str, Any], noise: Optional[Noise] = None
) -> Dict[str, Any]:
    """Deviation of two trees of arrays; see `pytest_export_matrix.compare`. `options["outputs"]`
    names the arrays [N, Q, ...] that describe the same queries."""
    expected, got = dict(named_leaves(reference)), dict(named_leaves(actual))
    sets: Sequence[str] = options["outputs"]
    problem = unfit(expected, sets)
    if problem:
        return misfit(f"the reference holds no such queries: {problem}")
    if list(got) != list(expected):
        return misfit(f"outputs {', '.join(got)}, expected {', '.join(expected)}")
    if any(other_shape(name, expected[name], got[name]) for name in sets):
        return compare_trees(expected, got, noise)  # which names the shapes
    notes = []
    scales = {name: _units(name, expected[name], noise) for name in sets}
    arranged = {name: got[name].copy() for name in sets}
    for image in range(len(expected[sets[0]])):
        rows = [_features([each[name][image] for name in sets]) for each in (expected, got, scales)]
        costs = differences(*rows)
        order = assign(costs, MARGIN)
        for name in sets:
            arranged[name][image] = got[name][image][order]
        excused = _doubtful(noise, image, len(order)) & (costs[range(len(order)), order] > MARGIN)
        if excused.any():
            notes.append(f"{int(excused.sum())} queries that eager itself chooses only sometimes")
            for name in sets:
                arranged[name][image][excused] = expected[name][image][excused]
    found = compare_trees(expected, {**got, **arranged}, noise)
    return {**found, "notes": notes}


def measure_answers(
    reference: Any, others: Sequence[Any], truth: Optional[Any], options: Dict[str, Any]
) -> Noise:
    """The noise of eager's answer to one case, given its other answers and the float64 one. The
    queries of each are first assigned to those of `reference`."""
    import numpy as np

    expected, sets = dict(named_leaves(reference)), options["outputs"]
    if unfit(expected, sets):
        return Noise()
    doubtful: List[Any] = [np.zeros(len(queries), bool) for queries in expected[sets[0]]]
    scales = {name: _spread(expected[name]) for name in sets}
    arranged: List[Dict[str, Any]] = []
    unmatched: List[int] = []
    for answer in (*others, *([] if truth is None else [truth])):
        got = dict(named_leaves(answer))
        if any(name not in got or other_shape(name, expected[name], got[name]) for name in sets):
            return Noise(notes=["the number of queries depends on rounding"])
        unmatched.append(0)
        for image, flags in enumerate(doubtful):
            rows = [_features([each[n][image] for n in sets]) for each in (expected, got, scales)]
            costs = differences(*rows)
            order = assign(costs, SAME_QUERY)
            lost = costs[range(len(order)), order] > SAME_QUERY
            flags |= lost
            unmatched[-1] += int(lost.sum())
            for name in sets:
                moved = got[name][image][order]
                moved[lost] = expected[name][image][lost]
                got[name] = got[name].copy()
                got[name][image] = moved
        arranged.append(got)
    exact = arranged.pop() if truth is not None else None
    noise = measure_trees(expected, arranged, exact)
    noise.doubtful = doubtful
    if truth is not None and finds_others(unmatched, sum(map(len, doubtful))):
        noise.outputs[sets[0]][0].another = True
    return noise


def unfit(answer: Dict[str, Any], sets: Sequence[str]) -> str:
    """Why `answer` holds no queries in the outputs `sets`; "" where it does."""
    missing = [name for name in sets if name not in answer]
    if missing:
        return f"no output {', '.join(missing)} among {', '.join(answer)}"
    counts = {answer[name].shape[:2] for name in sets}
    if len(counts) > 1 or any(answer[name].ndim < 2 for name in sets):
        return "other numbers of images or queries in " + ", ".join(sets)
    return ""


def differences(expected: Any, got: Any, scale: Any) -> Any:
    """The largest difference of any value between each two queries, in units of `scale`: float64
    [Q, Q], of arrays [Q, F]."""
    import numpy as np

    costs = np.empty((len(expected), len(got)))
    with np.errstate(all="ignore"):
        for row, (values, unit) in enumerate(zip(expected, scale)):
            apart = np.abs(got - values)
            apart[(got == values) | (np.isnan(got) & np.isnan(values))] = 0
            relative = np.where(apart > 0, apart / unit, 0.0)
            costs[row] = np.nan_to_num(relative, nan=np.inf, posinf=np.inf).max(1, initial=0.0)
    return costs


def assign(costs: Any, enough: float) -> Any:
    """The query of the other answer for each of this one, int [Q]. One that costs no more than
    `enough` where it stands stays there; the others are paired in order of their cost."""
    import numpy as np

    count = len(costs)
    order = np.where(costs.diagonal() <= enough, np.arange(count), -1)
    rows = {int(row) for row in np.flatnonzero(order < 0)}
    columns = set(rows)
    for flat in np.argsort(costs, axis=None, kind="stable") if rows else ():
        row, column = divmod(int(flat), count)
        if row in rows and column in columns:
            order[row] = column
            rows.remove(row)
            columns.remove(column)
    return order


def _features(arrays: Sequence[Any]) -> Any:
    """All values of each query: float64 [Q, F]."""
    import numpy as np

    return np.concatenate([as_real(array).reshape(len(array), -1) for array in arrays], 1)


def _units(name: str, array: Any, noise: Optional[Noise]) -> Any:
    """The unit of each value of an output; so small for integers that they must be equal."""
    import numpy as np

    if array.dtype.kind not in "fc":
        return np.full(array.shape, 0.5 / MARGIN)
    return units(array, name, noise.of(name) if noise else None, noise)


def _spread(array: Any) -> Any:
    """What the queries of each image usually differ by, as an array of the same shape."""
    import numpy as np

    values = as_real(array)
    with np.errstate(all="ignore"):
        spread = np.nanmedian(np.abs(values - np.nanmedian(values, 1, keepdims=True)))
    return np.full(values.shape, spread or 1.0)


def _doubtful(noise: Optional[Noise], image: int, count: int) -> Any:
    import numpy as np

    return noise.doubtful[image] if noise and noise.doubtful else np.zeros(count, bool)
