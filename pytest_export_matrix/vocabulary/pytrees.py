"""Turn structured inputs and outputs into flat lists and back, without torch or pickle.

A structure is described by JSON: {"list": [...]}, {"tuple": [...]}, {"dict": [[key, ...], ...]},
{"leaf": i}, {"value": x} for None, numbers, strings. Leaves are tensors and arrays: whatever has
a `shape` and a `dtype`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, Iterator, List, Tuple

TreeSpec = Dict[str, Any]


def is_leaf(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def flatten(tree: Any) -> Tuple[List[Any], TreeSpec]:
    """The leaves of `tree`, in order, and its structure.

    Raises TypeError, naming the type, for a value that is no tensor, container, number, string
    or None.
    """
    leaves: List[Any] = []

    def visit(value: Any) -> TreeSpec:
        if is_leaf(value):
            leaves.append(value)
            return {"leaf": len(leaves) - 1}
        if isinstance(value, dict):
            return {"dict": [[key, visit(item)] for key, item in value.items()]}
        if isinstance(value, list):
            return {"list": [visit(item) for item in value]}
        if isinstance(value, tuple):
            return {"tuple": [visit(item) for item in value]}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return visit({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
        if value is None or isinstance(value, (bool, int, float, str)):
            return {"value": value}
        raise TypeError(f"a {type(value).__module__}.{type(value).__qualname__} holds no tensors")

    return leaves, visit(tree)


def unflatten(leaves: Any, spec: TreeSpec) -> Any:
    """The tree of structure `spec` that holds `leaves`."""
    if "leaf" in spec:
        return leaves[spec["leaf"]]
    if "dict" in spec:
        return {key: unflatten(leaves, item) for key, item in spec["dict"]}
    if "list" in spec:
        return [unflatten(leaves, item) for item in spec["list"]]
    if "tuple" in spec:
        return tuple(unflatten(leaves, item) for item in spec["tuple"])
    return spec["value"]


def is_flat(spec: TreeSpec) -> bool:
    """Whether a structure is one array, or a tuple of arrays."""
    items = [spec] if "leaf" in spec else spec.get("tuple", [])
    return bool(items) and all("leaf" in item for item in items)


def count_leaves(spec: TreeSpec) -> int:
    """How many arrays a structure holds."""
    if "leaf" in spec:
        return 1
    children = [item for _, item in spec.get("dict", [])]
    children += spec.get("list", []) + spec.get("tuple", [])
    return sum(count_leaves(child) for child in children)


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """`tree` with `function` applied to each leaf."""
    leaves, spec = flatten(tree)
    return unflatten([function(leaf) for leaf in leaves], spec)


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


def to_arrays(tree: Any) -> Any:
    """`tree` with every tensor and number as a numpy array of its own: no later call changes it.

    Raises TypeError for a string, and for a dtype that numpy does not have (bfloat16).
    """
    import numpy as np

    def array(leaf: Any) -> Any:
        return np.array(leaf.detach().cpu().numpy() if hasattr(leaf, "detach") else leaf)

    leaves, spec = flatten(tree)
    arrays = [array(leaf) for leaf in leaves]

    def visit(spec: TreeSpec) -> TreeSpec:
        if isinstance(spec.get("value"), str):
            raise TypeError("a string among the outputs cannot be compared")
        if spec.get("value") is not None:
            arrays.append(np.asarray(spec["value"]))
            return {"leaf": len(arrays) - 1}
        if "dict" in spec:
            return {"dict": [[key, visit(item)] for key, item in spec["dict"]]}
        for kind in ("list", "tuple"):
            if kind in spec:
                return {kind: [visit(item) for item in spec[kind]]}
        return spec

    return unflatten(arrays, visit(spec))


def without_empty(tree: Any) -> Any:
    """`tree` without containers that hold nothing and without tuples around a single value.

    A scripted torchvision detector answers ({}, detections) where the eager one answers
    detections: the same outputs, in two wrappings.
    """
    if isinstance(tree, dict):
        return {key: without_empty(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [without_empty(item) for item in tree]
    if isinstance(tree, tuple):
        kept = [without_empty(item) for item in tree]
        kept = [item for item in kept if not _is_empty(item)]
        return kept[0] if len(kept) == 1 else tuple(kept)
    return tree


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, (dict, list, tuple)) and not value)
