"""Results -> summary: a row for each way out of Python, on each device. Pure.

It answers which way out works, in what it runs, at other sizes, with batches, and what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

from pytest_export_matrix.reporting.grades import WIDEST, Marks, fit, listed
from pytest_export_matrix.reporting.grids import (
    Grid,
    at,
    by_device,
    by_way,
    claimed,
    foreign,
    unique,
)
from pytest_export_matrix.reporting.names import language, shown
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


@dataclass
class _Row:
    """Runtimes in which the files of one method do the same: (format, runtime, language)."""

    method: str
    runs: List[Tuple[str, str, str]]
    entries: List[str]

    def takes(self, other: "_Row") -> bool:
        """Whether both fit into one row that says no more than the two do."""
        alike = (self.method, self.entries) == (other.method, other.entries)
        both = _Row(self.method, [*self.runs, *other.runs], self.entries)
        return alike and len(both.formats) <= WIDEST and len(both.runs_in) <= WIDEST

    @property
    def formats(self) -> str:
        return ", ".join(unique(format for format, _, _ in self.runs))

    @property
    def runs_in(self) -> str:
        """The runtimes; their languages where that is shorter and they run the same format."""
        names = ", ".join(runtime for _, runtime, _ in self.runs)
        languages = [language for _, _, language in self.runs]
        alone = len(unique(format for format, _, _ in self.runs)) == 1
        if len(names) > WIDEST and alone and len(unique(languages)) == len(languages) > 1:
            return ", ".join(languages)
        return names


def _rows(results: Sequence[Result], marks: Marks) -> List[List[str]]:
    """The runtimes of one file stand together, the formats of one method as well."""
    ways = by_way(results)
    methods = unique(method for method, _, _ in ways)
    formats = unique(format for _, format, _ in ways)
    by_format: Dict[Tuple[str, str], List[_Row]] = {}
    for (method, format, runtime), cells in sorted(
        ways.items(), key=lambda item: (methods.index(item[0][0]), formats.index(item[0][1]))
    ):
        entries = [marks.mark(at(cells, *column), cells) for column in COLUMNS.values()]
        run = (shown(format), shown(runtime), language(cells[0].language))
        row = _Row(method, [run], [*entries, needs(cells)])
        by_format.setdefault((method, format), []).append(row)
    rows = _merged(row for of_one in by_format.values() for row in _merged(of_one))
    return [[fit(r.method), fit(r.formats), fit(r.runs_in), *r.entries] for r in rows]


def _merged(rows: Iterable[_Row]) -> List[_Row]:
    found: List[_Row] = []
    for row in rows:
        if found and found[-1].takes(row):
            found[-1].runs += row.runs
        else:
            found.append(row)
    return found


def needs(cells: Sequence[Result]) -> str:
    """What files that run need beside the engine."""
    return listed(unique(each for cell in cells for each in cell.extra_dependencies))
