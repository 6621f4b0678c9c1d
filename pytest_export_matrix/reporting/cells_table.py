"""Results -> every cell: a table for each architecture and device. Pure."""

from __future__ import annotations

from typing import List, Sequence

from pytest_export_matrix.reporting.grades import Marks, fit
from pytest_export_matrix.reporting.grids import Grid, by_way, narrow, unique
from pytest_export_matrix.reporting.names import runs_in
from pytest_export_matrix.results.result import Result


def cells_grids(results: Sequence[Result]) -> List[Grid]:
    """A row for each way through the matrix, a column for each resolution and batch."""
    marks = Marks.over(results)
    places = unique((r.cell.device, r.cell.architecture) for r in results if not r.absent)
    grids: List[Grid] = []
    for device, name in places:
        here = [r for r in results if (r.cell.device, r.cell.architecture) == (device, name)]
        columns = unique((r.cell.resolution, r.cell.batch) for r in here)
        rows = []
        for (method, format, runtime), cells in by_way(here).items():
            entries = [
                marks.mark([r for r in cells if (r.cell.resolution, r.cell.batch) == column])
                for column in columns
            ]
            rows.append([fit(method), fit(runs_in(format, runtime)), *entries])
        header = ["Export method", "Runs in", *(f"{size}, batch {n}" for size, n in columns)]
        grids += narrow(Grid(f"{name} on {device}", header, rows, device), labels=2)
    return grids
