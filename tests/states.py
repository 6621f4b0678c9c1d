"""Results made up for the tests of what is derived from them."""

from __future__ import annotations

from typing import Any, Iterable

from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results, Versions, axes_of
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

FORMATS = {"torchscript": "pytorch", "onnx": "onnxruntime"}
BATCHES = ("1", "2", "dynamic")


def cells(
    *architectures: str, methods: Iterable[str] = ("tracing",), formats: dict[str, str] = FORMATS
) -> list[Cell]:
    """Twelve cells per architecture: two files, two resolutions, three batches."""
    return [
        Cell(architecture, method, format, runtime, "cpu", resolution, batch)
        for architecture in architectures or ("net",)
        for method in methods
        for format, runtime in formats.items()
        for resolution in ("fixed", "dynamic")
        for batch in BATCHES
    ]


def result(cell: Cell | None = None, outcome: Outcome = Outcome.PASSED, **fields: Any) -> Result:
    """A result. If it did not pass, it failed at `compare`, unless `fields` say otherwise."""
    absent = outcome is Outcome.UNAVAILABLE
    why = None if outcome is Outcome.PASSED else "not here" if absent else "why"
    fields = {"stage": None if absent else Stage.COMPARE, "reason": why, **fields}
    return Result(cell or cells()[0], "python", "default", outcome, **fields)


def passed(deviation: float, cell: Cell | None = None, **fields: Any) -> Result:
    figures = {"boxes": {"max_abs": 1.0, "max_rel": deviation, "allowed": 2.0}}
    return result(cell, deviation=figures, **fields)


def failed(cell: Cell | None = None, stage: Stage = Stage.COMPARE, **fields: Any) -> Result:
    return result(cell, Outcome.FAILED, stage=stage, **fields)


def results(found: Iterable[Result], whole: Iterable[Cell] = (), **fields: Any) -> Results:
    """A results file with `found`: all cells that were planned, of the matrix `whole`."""
    kept = list(found)
    every = list(whole) or [each.cell for each in kept]
    fields = {
        "planned": len(kept),
        "started": "2030-01-01",
        "matrix": Matrix.of(every, "slim"),
        "axes": axes_of(every),
        "environments": environments(),
        **fields,
    }
    return Results(cells=kept, **fields)


def environments(torch: str = "2.14") -> dict[str, Versions]:
    return {"default": Versions("3.11.7", "Linux", {"torch": torch})}


def every_cell(
    reds: tuple[str, ...] = (),
    architectures: tuple[str, ...] = ("net",),
    methods: tuple[str, ...] = ("tracing",),
    formats: dict[str, str] = FORMATS,
) -> list[Result]:
    """All cells of these. Those whose id starts or ends with one of `reds` failed."""
    every = cells(*architectures, methods=methods, formats=formats)
    red = [any(each.id.startswith(r) or each.id.endswith(r) for r in reds) for each in every]
    return [failed(each) if bad else passed(0.0, each) for each, bad in zip(every, red)]
