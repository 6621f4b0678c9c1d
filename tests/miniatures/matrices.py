"""Invented results of matrices of any size, with every outcome and every field."""

from __future__ import annotations

from typing import Any, List

import states

from pytest_export_matrix.results.result import Artifact, Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage, Warned

WAYS = (
    ("tracing", "torchscript", "pytorch"),
    ("tracing", "onnx", "onnxruntime"),
    ("scripting", "torchscript", "pytorch"),
    ("torch_export", "pt2", "pytorch"),
    ("torch_export", "onnx", "onnxruntime"),
)
#: How the cells end, in turn: outcome, stage, outputs that deviate.
ENDINGS: List[Any] = [
    *[(Outcome.PASSED, Stage.COMPARE, [])] * 6,
    *[(Outcome.FAILED, Stage.COMPARE, ["boxes"])] * 2,
    (Outcome.FAILED, Stage.EXPORT, []),
    (Outcome.CRASHED, Stage.RUN, []),
    (Outcome.TIMED_OUT, Stage.EXPORT, []),
    (Outcome.OUT_OF_MEMORY, Stage.LOAD, []),
    (Outcome.PASSED, Stage.COMPARE, []),
]


def cells(architectures: int) -> List[Cell]:
    """Sixty cells of each architecture."""
    return [
        Cell(f"net{i}", *way, device, resolution, batch)
        for i in range(architectures)
        for way in WAYS
        for device in ("cpu", "cuda")
        for resolution in ("fixed", "dynamic")
        for batch in ("1", "2", "dynamic")
    ]


def on(planned: List[Cell], device: str) -> List[Cell]:
    return [cell for cell in planned if cell.device == device]


def result(cell: Cell, number: int) -> Result:
    if cell.device == "cuda":
        return states.result(cell, Outcome.UNAVAILABLE, reason="cuda: no GPU here", repro="pytest")
    outcome, stage, deviating = ENDINGS[number % len(ENDINGS)]
    passed, compared = outcome is Outcome.PASSED, stage is Stage.COMPARE
    deviation = 1e-6 * (number % 7) if passed else 0.3
    figures = {"max_abs": deviation, "max_rel": deviation, "allowed": 1e-3}
    return states.result(
        cell,
        outcome,
        stage=stage,
        reason=None if passed else f"reason of {cell.id}\nin full",
        exported_at=[[1, 192, 256]],
        ran_at=[[1, 192, 256], [1, 144, 192]] if compared else [],
        deviation={"boxes": figures, "matched": 3, "missing": 0} if compared else {},
        deviating=deviating,
        extra_dependencies=["torchvision"],
        seconds={"build": 0.5, "reference": 0.2, "export": 0.7, "load": 0.1, "run": 0.3},
        artifact=Artifact(f"{number // 2:064x}", 7729234),
        warnings=[Warned("UserWarning", "deprecated", 2)],
        repro=f"pytest --export-matrix export-matrix::{cell.id}",
    )


def results(architectures: int = 1, **fields: Any) -> Results:
    planned = cells(architectures)
    found = [result(cell, number) for number, cell in enumerate(on(planned, "cpu"))]
    found += [result(cell, 0) for cell in on(planned, "cuda")]
    fields = {"matrix": None, "started": "2030-01-01T00:00:00+00:00", "seconds": 60.0, **fields}
    return states.results(found, planned, **fields)
