"""Write values and structures of a cell as Python source for its script."""

from __future__ import annotations

import ast
import json
from typing import Any, Callable, Dict

from pytest_export_matrix.execution.evidence import CellEvidence
from pytest_export_matrix.exporters.context import dynamic_dimensions
from pytest_export_matrix.vocabulary.pytrees import TreeSpec, count_leaves, unflatten
from pytest_export_matrix.worker.messages import EagerAnswer

#: How a script writes a dimension that is declared dynamic.
DYNAMIC = "DYNAMIC"


def literal(value: Any) -> str:
    """`value`, which JSON can hold, as a Python expression: one line, only ASCII."""
    plain = json.loads(json.dumps(value, default=list))
    text = ascii(plain)
    try:
        ast.literal_eval(text)
    except ValueError:  # an infinity or NaN
        return f"json.loads({json.dumps(plain)!a})"
    return text


def expression(spec: TreeSpec, leaf: Callable[[int], Any]) -> str:
    """The structure `spec` as a Python expression; `leaf(index)` is the text of each leaf."""
    if "leaf" in spec:
        return str(leaf(spec["leaf"]))
    if "dict" in spec:
        items = [f"{literal(key)}: {expression(item, leaf)}" for key, item in spec["dict"]]
        return f"{{{', '.join(items)}}}"
    if "list" in spec:
        return f"[{', '.join(expression(item, leaf) for item in spec['list'])}]"
    if "tuple" in spec:
        items = [expression(item, leaf) for item in spec["tuple"]]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    return literal(spec["value"])


class _Leaf:
    """Stands for a tensor where only the structure around it matters."""

    shape, dtype = (), ""


def of_example(facts: CellEvidence, answer: EagerAnswer) -> Dict[str, str]:
    """Placeholders for the example: its structure, names and dynamic dimensions."""
    spec = answer.inputs
    stand_ins = unflatten([_Leaf() for _ in range(count_leaves(spec))], spec)
    dims = dynamic_dimensions(stand_ins, facts.architecture.layouts, facts.spec.dynamic)
    names = [f"input_{i}" for i in range(len(dims))]
    declared = {name: axes for name, axes in zip(names, dims) if axes}

    def shape(index: int) -> str:
        axes = [f"{axis}: {DYNAMIC}" for axis in dims[index]]
        return f"{{{', '.join(axes)}}}" if axes else "None"

    # See exporters.torch_export.onnx_call.
    ends_in_dict = "dict" in (spec.get("tuple") or [{}])[-1]
    return {
        "OWN_ARGUMENTS": "arguments(example())",
        "TAKES_TENSORS": literal(answer.takes_tensors),
        "TRACED_MODEL": "build()" if answer.takes_tensors else "FlatModel(build()).eval()",
        "EXAMPLE": expression(spec, lambda index: f"x[{index}]"),
        "ONNX_ARGUMENTS": "(*arguments(example()), {})" if ends_in_dict else "arguments(example())",
        "INPUT_NAMES": literal(names),
        "DYNAMIC_AXES": repr(declared or None),
        "SHAPES": expression(spec, shape) if declared else "None",
    }


def of_case(known: EagerAnswer, structure: TreeSpec, precision: str) -> Dict[str, Any]:
    """The structures of a case as `cases.json` holds them: of the inputs, of the eager outputs and
    their noise in `precision`, and `structure`, which a flat answer is put into."""
    return {
        "inputs": known.inputs,
        "outputs": known.outputs,
        "noise": known.noise(precision),
        "answer": structure,
        "answer_tensors": count_leaves(structure),
    }
