"""Results -> summary: a row for each way out of Python, on each device. Pure.

It answers which way out works, in what it runs, at other sizes, with batches, and what it needs.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

from pytest_export_matrix.reporting.grades import Marks, fit, listed
from pytest_export_matrix.reporting.grids import (
    Grid,
    at,
    by_device,
    by_way,
    claimed,
    foreign,
    unique,
)
from pytest_export_matrix.reporting.names import shown
from pytest_export_matrix.results.result import Result

#: A column for each, by the resolution and the batch of its cells.
COLUMNS = {
    "Fixed size": ("fixed", "1"),
    "Other sizes": ("dynamic", "1"),
    "Batch of 2": ("fixed", "2"),
    "Any batch": ("fixed", "dynamic"),
}
HEADER = ["Export method", "Format", "Runs in", *COLUMNS, "Needs"]


def summary_grids(results: Sequence[Result]) -> List[Grid]:
    return _grids("Ways out", claimed(results))


def interoperability_grids(results: Sequence[Result]) -> List[Grid]:
    """The same for files in runtimes that nobody claims to take them."""
    return _grids("Interoperability", foreign(results))


def _grids(title: str, results: Sequence[Result]) -> List[Grid]:
    marks = Marks.over(results)
    return [
        Grid(f"{title} on {device}", HEADER, _rows(cells, marks), device)
        for device, cells in by_device(results).items()
    ]


def _rows(results: Sequence[Result], marks: Marks) -> List[List[str]]:
    """A runtime in which the files do the same as in the one before it shares the row."""
    ways = by_way(results)
    rows: List[Tuple[List[str], List[str], List[str]]] = []
    # The runtimes of one file stand together.
    order = unique((method, format) for method, format, _ in ways)
    for (method, format, runtime), cells in sorted(
        ways.items(), key=lambda item: order.index(item[0][:2])
    ):
        way = [fit(method), fit(shown(format))]
        entries = [marks.mark(at(cells, *column), cells) for column in COLUMNS.values()]
        entries.append(needs(cells))
        if rows and (rows[-1][0], rows[-1][2]) == (way, entries):
            together = [*rows[-1][1], shown(runtime)]
            if listed(together) == ", ".join(together):
                rows[-1][1].append(shown(runtime))
                continue
        rows.append((way, [shown(runtime)], entries))
    return [[*way, listed(names), *entries] for way, names, entries in rows]


def needs(cells: Sequence[Result]) -> str:
    """What files that run need beside the engine."""
    return listed(unique(each for cell in cells for each in cell.extra_dependencies))
