"""Results -> support table, in the form of detectron2's deployment guide, on each device. Pure.

A column is an export method, plain or prepared. A row is a format, a language, what a file can do
besides, or an architecture.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Sequence, Tuple

from pytest_export_matrix.reporting.grades import Marks, Row, fit, merged
from pytest_export_matrix.reporting.grids import MOST_COLUMNS, Grid, at, by_device, claimed, unique
from pytest_export_matrix.reporting.names import language, shown
from pytest_export_matrix.reporting.summary_table import COLUMNS, NEEDS, needs
from pytest_export_matrix.results.result import Result

#: In the guide's order.
LANGUAGES = ("c++", "python")
#: The first column of `COLUMNS` is what all rows are about that do not say otherwise.
EXPORTED, *BESIDES = COLUMNS.items()


def support_grids(results: Sequence[Result]) -> List[Grid]:
    """One table a device; several where there are more export methods than columns."""
    results = claimed(results)
    marks = Marks.over(results)
    grids = []
    for device, cells in by_device(results).items():
        methods = unique(result.cell.captured for result in cells)
        for first in range(0, len(methods), MOST_COLUMNS - 1):
            some = methods[first : first + MOST_COLUMNS - 1]
            title = f"Export support on {device}" + (", continued" if first else "")
            grids.append(Grid(title, ["", *map(fit, some)], _rows(cells, some, marks), device))
    return grids


def _rows(results: Sequence[Result], methods: Sequence[str], marks: Marks) -> List[List[str]]:
    columns = [[r for r in results if r.cell.captured == method] for method in methods]
    exported = [at(column, *EXPORTED[1]) for column in columns]
    formats = _each(exported, lambda result: result.cell.format, marks)
    languages = _each(exported, lambda result: result.language, marks)
    needed = tuple(map(needs, columns))
    rows: List[Row] = [
        *((shown(name), entries) for name, entries in formats.items()),
        *(
            (f"{language(name)} inference", languages[name])
            for name in unique([*LANGUAGES, *languages])
            if name in languages
        ),
        *(
            (name, tuple(marks.mark(at(column, *place), column) for column in columns))
            for name, place in BESIDES
        ),
        *([(NEEDS, needed)] if any(needed) else []),
    ]
    architectures = _each(exported, lambda result: result.cell.architecture, marks)
    return [*([fit(name), *row] for name, row in rows), *merged(list(architectures.items()))]


def _each(
    columns: Sequence[List[Result]], part: Callable[[Result], str], marks: Marks
) -> Dict[str, Tuple[str, ...]]:
    """The marks of each value that `part` takes, a mark a column."""
    values = unique(part(result) for column in columns for result in column)
    return {
        value: tuple(marks.mark([r for r in column if part(r) == value]) for column in columns)
        for value in values
    }
