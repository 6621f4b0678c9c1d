"""An ONNX file -> the same with one fault in it, many times. Pure: the original stays as it is.

What is changed: a weight (scaled by one percent, zeroed, noised; of integers, one more), a constant
or an attribute of a node, an operator (for one of the same signature), a threshold of non-maximum
suppression, two outputs (swapped).
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

#: Operators that take and return the same shapes.
EXCHANGED = {
    "Relu": "Identity",
    "Sigmoid": "Tanh",
    "Add": "Sub",
    "Sub": "Add",
    "Mul": "Add",
    "Div": "Mul",
    "Exp": "Identity",
    "Greater": "GreaterOrEqual",
    "GreaterOrEqual": "Greater",
    "Less": "LessOrEqual",
    "Min": "Max",
    "Max": "Min",
    "Floor": "Ceil",
    "Ceil": "Floor",
    "ReduceMax": "ReduceMin",
    "ReduceMin": "ReduceMax",
    "MaxPool": "AveragePool",
}
#: Attributes that AveragePool does not have.
OF_MAX_POOL = ("dilations", "storage_order")
#: Attributes that name a type, or that matter to tensors of no elements alone.
INERT = ("to", "dtype", "allowzero")
#: The inputs of NonMaxSuppression that are thresholds, by their place, and what each is called.
THRESHOLDS = {3: "iou_threshold", 4: "score_threshold"}
ONE_PERCENT, TEN_PERCENT = 1.01, 1.1


class Mutant(NamedTuple):
    """What was changed, where, and the changed model."""

    kind: str
    where: str
    model: Any


def mutants(original: Any, most: int, random: np.random.Generator) -> Iterator[Mutant]:
    """At most `most` mutants of each kind of fault, drawn from all places where it
    applies. The same seed gives the same mutants. What changes nothing is none."""
    for places in (
        _weights(original, random),
        _attributes(original),
        _constants(original),
        _operators(original),
        _thresholds(original),
        _outputs(original),
    ):
        for kind, changes in places.items():
            for index in sorted(random.permutation(len(changes))[:most]):
                where, change = changes[index]
                model = copy.deepcopy(original)
                change(model)
                if model != original:
                    yield Mutant(kind, where, model)


#: What each kind of fault can be planted in: where, and the function that plants it in a copy.
Places = dict[str, list[tuple[str, Callable[[Any], None]]]]


def _weights(original: Any, random: np.random.Generator) -> Places:
    def noised(array: Any) -> Any:
        return array + 0.01 * array.std() * random.normal(size=array.shape)

    changes: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "a weight scaled by one percent": ("f", lambda array: array * ONE_PERCENT),
        "a weight zeroed": ("f", lambda array: array * 0),
        "a weight noised": ("f", noised),
        "integers, one more": ("iu", lambda array: array + 1),
    }
    tensors = list(enumerate(original.graph.initializer))
    return {
        kind: [
            (tensor.name, partial(_change_weight, index, change))
            for index, tensor in tensors
            if _value(tensor).dtype.kind in dtypes
        ]
        for kind, (dtypes, change) in changes.items()
    }


def _attributes(original: Any) -> Places:
    from onnx import AttributeProto

    numbers = (AttributeProto.FLOAT, AttributeProto.INT)
    return {
        "an attribute changed": [
            (f"{attribute.name} of {node.name}", partial(_change_attribute, place, at))
            for place, node in _nodes(original.graph)
            for at, attribute in enumerate(node.attribute)
            if attribute.name not in INERT
            and (attribute.type in numbers or attribute.floats or attribute.ints)
        ]
    }


def _constants(original: Any) -> Places:
    return {
        "a constant changed": [
            (node.name, partial(_change_constant, place))
            for place, node in _nodes(original.graph)
            if (value := _constant(node)) is not None and value.dtype.kind in "fiu" and value.size
        ]
    }


def _operators(original: Any) -> Places:
    return {
        "an operator exchanged": [
            (f"{node.name}, now {EXCHANGED[node.op_type]}", partial(_exchange, place))
            for place, node in _nodes(original.graph)
            if node.op_type in EXCHANGED
        ]
    }


def _thresholds(original: Any) -> Places:
    values = {tensor.name: _value(tensor) for tensor in original.graph.initializer}
    values.update({node.output[0]: _constant(node) for _, node in _nodes(original.graph)})
    return {
        "a threshold of NMS ten percent higher": [
            (f"{threshold} of {node.name}", partial(_raise, place, at, value))
            for place, node in _nodes(original.graph)
            if node.op_type == "NonMaxSuppression"
            for at, threshold in THRESHOLDS.items()
            if len(node.input) > at and (value := values.get(node.input[at])) is not None
        ]
    }


def _outputs(original: Any) -> Places:
    names = [output.name for output in original.graph.output]
    return {
        "two outputs swapped": [
            (f"{one} and {other}", partial(_swap, first))
            for first, (one, other) in enumerate(itertools.pairwise(names))
        ]
    }


#: Where a node is: its index, behind (index, attribute) of each node whose branch or body it is in.
Place = tuple[tuple[tuple[int, int], ...], int]


def _nodes(graph: Any, path: tuple[tuple[int, int], ...] = ()) -> Iterator[tuple[Place, Any]]:
    """The nodes of a graph and of the branches and bodies in it."""
    for index, node in enumerate(graph.node):
        yield (path, index), node
        for at, attribute in enumerate(node.attribute):
            if attribute.HasField("g"):
                yield from _nodes(attribute.g, (*path, (index, at)))


def _node(model: Any, place: Place) -> Any:
    path, index = place
    graph = model.graph
    for node, at in path:
        graph = graph.node[node].attribute[at].g
    return graph.node[index]


def _change_weight(index: int, change: Callable[[Any], Any], model: Any) -> None:
    _set(model.graph.initializer[index], change(_value(model.graph.initializer[index])))


def _change_attribute(place: Place, at: int, model: Any) -> None:
    from onnx import AttributeProto

    attribute = _node(model, place).attribute[at]
    if attribute.type == AttributeProto.FLOAT:
        attribute.f *= ONE_PERCENT
    elif attribute.type == AttributeProto.INT:
        attribute.i += 1
    elif attribute.floats:
        attribute.floats[0] *= ONE_PERCENT
    else:
        attribute.ints[0] += 1


def _change_constant(place: Place, model: Any) -> None:
    tensor = _node(model, place).attribute[0].t
    value = _value(tensor)
    _set(tensor, value * ONE_PERCENT if value.dtype.kind == "f" else value + 1)


def _exchange(place: Place, model: Any) -> None:
    node = _node(model, place)
    node.op_type = EXCHANGED[node.op_type]
    if node.op_type == "AveragePool":
        kept = [each for each in node.attribute if each.name not in OF_MAX_POOL]
        del node.attribute[:]
        node.attribute.extend(kept)


def _raise(place: Place, at: int, value: Any, model: Any) -> None:
    """Ten percent: one percent may lie between no two overlaps of a picture's boxes."""
    from onnx import numpy_helper

    higher = (value * TEN_PERCENT).astype(value.dtype)
    model.graph.initializer.append(numpy_helper.from_array(higher, "planted"))
    _node(model, place).input[at] = "planted"


def _swap(first: int, model: Any) -> None:
    outputs = [copy.deepcopy(each) for each in model.graph.output]
    outputs[first], outputs[first + 1] = outputs[first + 1], outputs[first]
    del model.graph.output[:]
    model.graph.output.extend(outputs)


def _constant(node: Any) -> Any:
    """The value of a node that is a constant tensor, or None."""
    if node.op_type == "Constant" and node.attribute[0].name == "value":
        return _value(node.attribute[0].t)
    return None


def _value(tensor: Any) -> Any:
    from onnx import numpy_helper

    return numpy_helper.to_array(tensor)


def _set(tensor: Any, value: Any) -> None:
    from onnx import numpy_helper

    before = _value(tensor)
    tensor.CopyFrom(numpy_helper.from_array(value.astype(before.dtype), tensor.name))
