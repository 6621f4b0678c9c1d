"""Generic tensor outputs: same structure, and every element within tolerance."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from pytest_export_matrix.compare.arrays import compare_arrays, misfit
from pytest_export_matrix.compare.measuring import measure
from pytest_export_matrix.compare.noise import Noise
from pytest_export_matrix.vocabulary.pytrees import flatten, named_leaves


def compare(
    reference: Any, actual: Any, options: Dict[str, Any], noise: Optional[Noise] = None
) -> Dict[str, Any]:
    """Deviation of two trees of arrays; see `pytest_export_matrix.compare`.

    The number of outputs and their names are checked before any value.
    """
    return compare_trees(reference, actual, noise)


def compare_trees(reference: Any, actual: Any, noise: Optional[Noise]) -> Dict[str, Any]:
    """See `compare`."""
    if not flatten(reference)[0]:
        return misfit("the reference holds no tensor")
    expected, got = list(named_leaves(reference)), list(named_leaves(actual))
    if len(got) != len(expected):
        return misfit(
            f"{len(got)} outputs ({_names(got)}), expected {len(expected)} ({_names(expected)})"
        )
    if [name for name, _ in got] != [name for name, _ in expected]:
        return misfit(f"outputs {_names(got)}, expected {_names(expected)}")
    outputs: Dict[str, Any] = {}
    problems: List[str] = []
    deviating: List[str] = []
    for (name, wanted), (_, found) in zip(expected, got):
        outputs[name], wrong = compare_arrays(name, wanted, found, noise)
        problems += wrong
        deviating += [name] if wrong else []
    return {"outputs": outputs, "problems": problems, "deviating": deviating}


def measure_answers(
    reference: Any, others: Sequence[Any], truth: Optional[Any], options: Dict[str, Any]
) -> Noise:
    """The noise of eager's answer to one case, given its other answers and the float64 one."""
    return measure_trees(reference, others, truth)


def measure_trees(reference: Any, others: Sequence[Any], truth: Optional[Any]) -> Noise:
    """See `measure_answers`."""
    noise = Noise()
    draws = [dict(named_leaves(each)) for each in others]
    exact = None if truth is None else dict(named_leaves(truth))
    for name, array in named_leaves(reference):
        own = [each[name] for each in draws if name in each]
        true = exact.get(name) if exact else None
        if all(each.shape == array.shape for each in own) and len(own) == len(draws):
            if true is not None and true.shape != array.shape:
                noise.notes.append(f"{name} has another shape in float64")
                true = None
            noise.outputs[name] = [measure(array, own, true)]
        else:
            noise.notes.append(f"{name} has another shape if the inputs are off by one rounding")
    return noise


def _names(leaves: List[Tuple[str, Any]]) -> str:
    return ", ".join(name for name, _ in leaves) or "none"
