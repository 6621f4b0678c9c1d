"""A mutant -> does the comparison notice it? ONNX Runtime answers with it every case of a cell."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from conformance.test_architectures import build, keywords
from pytest_export_matrix import Architecture, Tensors
from pytest_export_matrix.compare.answers import Comparison, KeptCase, compare
from pytest_export_matrix.exporters import tracing
from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.planning.recipes import Case, cases
from pytest_export_matrix.runtimes.onnxruntime import Session
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.pytrees import flatten, to_arrays
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.eager import EagerModel, alike, noise_of


class Fate(Enum):
    """What became of a mutant."""

    WRONG = "answers wrongly"
    ENDED = "does not run"
    EQUAL = "same bits"
    UNSEEN = "unseen"


class Verdict(NamedTuple):
    """`required` is the largest deviation in units of noise of each output that the fault moves,
    by its name; of unseen mutants alone."""

    fate: Fate
    required: dict[str, float]


class Judge:
    """The eager answers to the cases of a cell, and the file that tracing writes for it.

    Raises AssertionError where that file is wrong itself.
    """

    def __init__(self, architecture: Architecture, folder: Path) -> None:
        import onnx
        import torch

        self._kind = architecture.outputs
        if not isinstance(self._kind, OutputKind):
            self._kind = Tensors()
        model = build(architecture, keywords(architecture, "slim")).eval()
        cell = Cell(architecture.name, "tracing", "onnx", "onnxruntime", "cpu", "fixed", "1")
        self._sample = resolve(architecture.inputs)
        self._path = str(folder / "mutant.onnx")
        eager = EagerModel(model, "cpu")
        asked = cases(cell, architecture)
        with torch.no_grad():
            self._cases = [self._kept(eager, case) for case in asked]
        arguments = self._sample(list(asked[0].sizes), asked[0].seed)
        context = Context(model, arguments, architecture.layouts, frozenset())
        tracing.onnx(tracing.flat(context), str(folder / "model.onnx"), context)
        self.original = onnx.load(folder / "model.onnx")
        self._right = self._answers(self.original)
        found = self._compared(self._right)
        assert not found.reason, f"{architecture.name}: the file is wrong itself: {found.reason}"
        self._required = _required(found)

    def verdict(self, model: Any) -> Verdict:
        try:
            answers = self._answers(model)
        except Exception:  # whatever the engine says of a file that is none
            return Verdict(Fate.ENDED, {})
        if alike(self._right, answers):
            return Verdict(Fate.EQUAL, {})
        found = self._compared(answers)
        if found.reason:
            return Verdict(Fate.WRONG, {})
        moved = dict(_required(found).items() - self._required.items())
        return Verdict(Fate.UNSEEN, moved)

    def _kept(self, eager: EagerModel, case: Case) -> KeptCase:
        arguments = self._sample(list(case.sizes), case.seed)
        found = eager.answers(arguments)
        inputs, of_inputs = flatten(to_arrays(arguments))
        outputs, of_outputs = flatten(found.answer)
        noise = noise_of(self._kind, found)
        return KeptCase(inputs, outputs, of_inputs, of_outputs, case.label, noise)

    def _answers(self, model: Any) -> list[Any]:
        import onnx

        onnx.save(model, self._path)
        session = Session(self._path, "cpu", 2)
        return [to_arrays(list(session.run(tuple(case.input)))) for case in self._cases]

    def _compared(self, answers: list[Any]) -> Comparison:
        return compare(self._cases, answers, self._kind, [case.outputs for case in self._cases])


def _required(found: Comparison) -> dict[str, float]:
    outputs = {name: of for name, of in found.deviation.items() if isinstance(of, dict)}
    return {name: of["required"] for name, of in outputs.items() if "required" in of}
