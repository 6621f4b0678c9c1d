"""Results of matrices of any size, made up: every outcome is in them, and every field filled."""

from __future__ import annotations

from typing import Any, Dict, List

from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results, axes_of
from pytest_export_matrix.vocabulary.cells import Cell

WAYS = (
    ("tracing", "torchscript", "pytorch"),
    ("tracing", "onnx", "onnxruntime"),
    ("scripting", "torchscript", "pytorch"),
    ("torch_export", "pt2", "pytorch"),
    ("torch_export", "onnx", "onnxruntime"),
)
#: What becomes of the cells, over and over: outcome, stage, outputs that deviate.
ENDINGS: List[Any] = [
    *[("passed", "compare", [])] * 6,
    *[("failed", "compare", ["boxes"])] * 2,
    ("failed", "export", []),
    ("crashed", "run", []),
    ("timed_out", "export", []),
    ("out_of_memory", "load", []),
    ("passed", "compare", []),
]
ENVIRONMENTS: Dict[str, Any] = {
    "default": {"python": "3.11.7", "platform": "Linux", "packages": {"torch": "2.8.0"}}
}


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
        reason = "cuda: no GPU here"
        return Result(cell, "python", "default", "unavailable", reason=reason, repro="pytest")
    outcome, stage, deviating = ENDINGS[number % len(ENDINGS)]
    compared = stage == "compare"
    deviation = 1e-6 * (number % 7) if outcome == "passed" else 0.3
    figures = {"max_abs": deviation, "max_rel": deviation, "allowed": 1e-3}
    return Result(
        cell,
        "python",
        "default",
        outcome,
        stage,
        None if outcome == "passed" else f"reason of {cell.id}\nin full",
        exported_at=[[1, 192, 256]],
        ran_at=[[1, 192, 256], [1, 144, 192]] if compared else [],
        deviation={"boxes": figures, "matched": 3, "missing": 0} if compared else {},
        deviating=deviating,
        extra_dependencies=["torchvision"],
        seconds={"build": 0.5, "reference": 0.2, "export": 0.7, "load": 0.1, "run": 0.3},
        artifact={"sha256": "5dd6caa4", "bytes": 7729234},
        warnings=[{"category": "UserWarning", "message": "deprecated", "count": 2}],
        repro=f"pytest --export-matrix export-matrix::{cell.id}",
    )


def results(architectures: int = 1, **fields: Any) -> Results:
    planned = cells(architectures)
    found = [result(cell, number) for number, cell in enumerate(on(planned, "cpu"))]
    found += [result(cell, 0) for cell in on(planned, "cuda")]
    fields = {"planned": len(planned), "axes": axes_of(planned), **fields}
    return Results(
        cells=found,
        started="2030-01-01T00:00:00+00:00",
        seconds=60.0,
        environments=ENVIRONMENTS,
        **fields,
    )
