"""Generic tensor outputs: same structure, and every element within tolerance."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

from pytest_export_matrix.compare.tolerances import compare_arrays, misfit
from pytest_export_matrix.vocabulary.pytrees import flatten, is_leaf


def compare(reference: Any, actual: Any, options: Dict[str, Any]) -> Dict[str, Any]:
    """Deviation of two trees of arrays; see `pytest_export_matrix.compare`.

    The number of outputs and their names are checked before any value.
    """
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
        outputs[name], wrong = compare_arrays(name, "values", wanted, found)
        problems += wrong
        deviating += [name] if wrong else []
    return {"outputs": outputs, "problems": problems, "deviating": deviating}


def named_leaves(tree: Any, prefix: str = "") -> Iterator[Tuple[str, Any]]:
    """The arrays of `tree` with a name each: its keys and positions joined by dots."""
    import numpy as np

    if isinstance(tree, dict):
        items: Any = tree.items()
    elif isinstance(tree, (list, tuple)):
        items = enumerate(tree)
    else:
        if tree is not None:
            yield prefix or "output", tree if is_leaf(tree) else np.asarray(tree)
        return
    for key, item in items:
        yield from named_leaves(item, f"{prefix}.{key}" if prefix else str(key))


def _names(leaves: List[Tuple[str, Any]]) -> str:
    return ", ".join(name for name, _ in leaves) or "none"
