"""Do the suite's inputs and the comparison notice a wrong file? Faults planted in ONNX files.

    python -m conformance.mutants classifier faster_rcnn

For each architecture its model is exported by `torch.onnx.export`, and the file is changed in one
place at a time: a weight scaled by one percent, zeroed or noised, an operator exchanged for one of
the same signature, a constant or an attribute changed, two outputs swapped. ONNX Runtime answers
every case of the cell with it, and the comparison judges that. A mutant is

    killed    some answer is wrong, or the file does not run
    equal     every answer has the same bits: no input can tell it from the original
    unseen    answers differ, and are within tolerance

The unseen ones are listed: there a fault could hide.
"""

from __future__ import annotations

import argparse
import collections
import copy
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conformance.architectures.table import ARCHITECTURES
from conformance.test_architectures import build, keywords
from pytest_export_matrix import Architecture
from pytest_export_matrix.compare.answers import KeptCase, compare
from pytest_export_matrix.exporters import tracing
from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.planning.recipes import Case, cases
from pytest_export_matrix.runtimes.onnxruntime import Session
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.pytrees import flatten, to_arrays
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.eager import EagerModel, noise_of

KILLED, EQUAL, UNSEEN = "killed", "equal", "unseen"
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


class Mutant(NamedTuple):
    """What was changed, and the changed model."""

    kind: str
    where: str
    model: Any


def mutants(original: Any, most: int, random: np.random.Generator) -> Iterator[Mutant]:
    """At most `most` mutants of each kind, drawn from all places where the kind applies."""
    from onnx import numpy_helper

    def drawn(places: list[Any]) -> list[Any]:
        few = random.permutation(len(places))[:most]
        return [places[i] for i in sorted(few)]

    tensors = list(original.graph.initializer)
    floats = [i for i, each in enumerate(tensors) if numpy_helper.to_array(each).dtype.kind == "f"]
    changes: dict[str, Callable[[Any], Any]] = {
        "scaled by one percent": lambda a: a * a.dtype.type(1.01),
        "zeroed": lambda a: a * 0,
        "noised": lambda a: (a + 0.01 * a.std() * random.normal(size=a.shape)).astype(a.dtype),
    }
    for kind, change in changes.items():
        for index in drawn(floats):
            yield _with_tensor(original, kind, index, change)
    integers = [
        i for i, each in enumerate(tensors) if numpy_helper.to_array(each).dtype.kind in "iu"
    ]
    for index in drawn(integers):
        yield _with_tensor(original, "one more", index, lambda a: a + a.dtype.type(1))
    nodes = list(original.graph.node)
    for index in drawn([i for i, node in enumerate(nodes) if node.op_type in EXCHANGED]):
        model = copy.deepcopy(original)
        node = model.graph.node[index]
        node.op_type = EXCHANGED[node.op_type]
        if node.op_type == "AveragePool":
            kept = [a for a in node.attribute if a.name not in ("dilations", "storage_order")]
            del node.attribute[:]
            node.attribute.extend(kept)
        yield Mutant(f"{nodes[index].op_type} -> {node.op_type}", nodes[index].name, model)
    constants = [
        i
        for i, node in enumerate(nodes)
        if node.op_type == "Constant" and node.attribute[0].name == "value"
    ]
    for index in drawn(constants):
        model = copy.deepcopy(original)
        tensor = model.graph.node[index].attribute[0].t
        value = numpy_helper.to_array(tensor)
        if value.dtype.kind in "fiu" and value.size:
            moved = value * value.dtype.type(1.01) if value.dtype.kind == "f" else value + 1
            tensor.CopyFrom(numpy_helper.from_array(moved.astype(value.dtype), tensor.name))
            yield Mutant("constant", nodes[index].name, model)
    names = [output.name for output in original.graph.output]
    for first in range(len(names) - 1):
        model = copy.deepcopy(original)
        outputs = [model.graph.output[i] for i in range(len(names))]
        outputs[first], outputs[first + 1] = outputs[first + 1], outputs[first]
        swapped = copy.deepcopy(outputs)
        del model.graph.output[:]
        model.graph.output.extend(swapped)
        yield Mutant("outputs swapped", f"{names[first]}, {names[first + 1]}", model)


def _with_tensor(original: Any, kind: str, index: int, change: Callable[[Any], Any]) -> Mutant:
    from onnx import numpy_helper

    model = copy.deepcopy(original)
    tensor = model.graph.initializer[index]
    name = tensor.name
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), name))
    return Mutant(kind, name, model)


class Judge:
    """The eager answers to the cases of a cell, what the original file answers, and its verdict."""

    def __init__(self, architecture: Architecture, folder: Path) -> None:
        import onnx
        import torch

        self.kind, self.path = architecture.outputs, str(folder / "mutant.onnx")
        if not isinstance(self.kind, OutputKind):
            from pytest_export_matrix import Tensors

            self.kind = Tensors()
        model = build(architecture, keywords(architecture, "slim")).eval()
        cell = Cell(architecture.name, "tracing", "onnx", "onnxruntime", "cpu", "fixed", "1")
        self.sample = resolve(architecture.inputs)
        eager = EagerModel(model, "cpu")
        asked = cases(cell, architecture)
        with torch.no_grad():
            self.cases = [self._kept(eager, case) for case in asked]
            arguments = self.sample(list(asked[0].sizes), asked[0].seed)
            context = Context(model, arguments, architecture.layouts, frozenset())
            tracing.onnx(tracing.flat(context), str(folder / "model.onnx"), context)
        self.original = onnx.load(folder / "model.onnx")
        self.right = self._answers(self.original)
        structures = [case.outputs for case in self.cases]
        problem = compare(self.cases, self.right, self.kind, structures).reason
        assert not problem, f"{architecture.name}: the file itself is wrong: {problem}"

    def _kept(self, eager: EagerModel, case: Case) -> KeptCase:
        arguments = self.sample(list(case.sizes), case.seed)
        found = eager.answers(arguments)
        inputs, of_inputs = flatten(to_arrays(arguments))
        outputs, of_outputs = flatten(found.answer)
        assert isinstance(self.kind, OutputKind)
        noise = noise_of(self.kind, found)
        return KeptCase(inputs, outputs, of_inputs, of_outputs, case.label, noise)

    def _answers(self, model: Any) -> list[Any]:
        import onnx

        onnx.save(model, self.path)
        session = Session(self.path, "cpu", 2)
        return [to_arrays(list(session.run(tuple(case.input)))) for case in self.cases]

    def verdict(self, mutant: Mutant) -> str:
        try:
            answers = self._answers(mutant.model)
        except Exception:  # whatever the engine says of a file that is none
            return KILLED
        same = [
            len(ours) == len(theirs)
            and all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in zip(ours, theirs))
            for ours, theirs in zip(self.right, answers)
        ]
        if all(same):
            return EQUAL
        structures = [case.outputs for case in self.cases]
        assert isinstance(self.kind, OutputKind)
        return KILLED if compare(self.cases, answers, self.kind, structures).reason else UNSEEN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = {each.name: each for each in ARCHITECTURES}
    parser.add_argument("architectures", nargs="+", choices=known, metavar="ARCHITECTURE")
    parser.add_argument("--most", type=int, default=20, help="mutants of each kind (default: 20)")
    options = parser.parse_args()
    unseen = []
    for name in options.architectures:
        counts: dict[str, collections.Counter[str]] = {}
        with tempfile.TemporaryDirectory() as folder:
            judge = Judge(known[name], Path(folder))
            for mutant in mutants(judge.original, options.most, np.random.default_rng(0)):
                verdict = judge.verdict(mutant)
                counts.setdefault(mutant.kind, collections.Counter())[verdict] += 1
                if verdict == UNSEEN:
                    unseen.append(f"{name}: {mutant.kind}, {mutant.where}")
        for kind, found in counts.items():
            said = ", ".join(f"{found[each]} {each}" for each in (KILLED, EQUAL, UNSEEN))
            print(f"{name}: {kind}: {said}", flush=True)  # noqa: T201
    print("\n".join(["unseen:", *(unseen or ["none"])]))  # noqa: T201


if __name__ == "__main__":
    main()
