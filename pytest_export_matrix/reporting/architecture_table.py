"""Results -> one architecture in full: a row for each way out, on each device. Pure."""

from __future__ import annotations

from typing import List, Sequence

from pytest_export_matrix.reporting.grades import Marks, fit
from pytest_export_matrix.reporting.grids import Grid, at, by_device, by_way, claimed, unique
from pytest_export_matrix.reporting.names import runs_in
from pytest_export_matrix.reporting.summary_table import COLUMNS
from pytest_export_matrix.results.result import Result

HEADER = ["Export method", "Runs in", *COLUMNS, "ms", "MB, needs"]


def architecture_grids(results: Sequence[Result]) -> List[Grid]:
    """One table for each architecture and device. Milliseconds are those of a call at the exported
    size with one image: the first, and the later ones."""
    results = claimed(results)
    marks = Marks.over(results)
    grids = []
    for device, cells in by_device(results).items():
        for name in unique(result.cell.architecture for result in cells):
            own = [result for result in cells if result.cell.architecture == name]
            grids.append(Grid(f"{name} on {device}", HEADER, _rows(own, marks), device))
    return grids


def _rows(results: Sequence[Result], marks: Marks) -> List[List[str]]:
    rows = []
    for (method, format, runtime), cells in by_way(results).items():
        entries = [marks.mark(at(cells, *column)) for column in COLUMNS.values()]
        runs = fit(runs_in(format, runtime))
        rows.append([fit(method), runs, *entries, _milliseconds(cells), fit(_cost(cells))])
    return rows


def _milliseconds(cells: Sequence[Result]) -> str:
    passed = [result for result in at(cells, "fixed", "1") if result.passed]
    calls = [f"{1000 * seconds:.0f}" for result in passed for seconds in result.latency.values()]
    return " / ".join(calls)


def _cost(cells: Sequence[Result]) -> str:
    """The megabytes of the file, and what it needs beside the engine."""
    bytes = [result.artifact.bytes for result in at(cells, "fixed", "1") if result.artifact]
    sizes = [f"{size / 1e6:.1f}" for size in bytes[:1]]
    return ", ".join([*sizes, *unique(e for cell in cells for e in cell.extra_dependencies)])
