"""Results -> summary: a row for each way out of Python, on each device. Pure.

It answers which way out works, in what it runs, at other sizes, with batches, and what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

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
HEADER = ["Export method", "Format", "Runs in", *COLUMNS]
NEEDS = "Needs"


def summary_grids(results: Sequence[Result]) -> List[Grid]:
    return _grids("Ways out", claimed(results))


def interoperability_grids(results: Sequence[Result]) -> List[Grid]:
    """The same for files in runtimes that nobody claims to take them."""
    return _grids("Interoperability", foreign(results))


def _grids(title: str, results: Sequence[Result]) -> List[Grid]:
    marks = Marks.over(results)
    return [
        _grid(f"{title} on {device}", _rows(cells, marks), device)
        for device, cells in by_device(results).items()
    ]


def _grid(title: str, rows: List[List[str]], device: str) -> Grid:
    """With a last column for what files need, where one of them needs something."""
    if any(row[-1] for row in rows):
        return Grid(title, [*HEADER, NEEDS], rows, device)
    return Grid(title, HEADER, [row[:-1] for row in rows], device)


@dataclass
class _Row:
    """Runtimes in which the files of one method do the same, the formats of these files beside
    them, and the entries of the columns. `by_language`: languages stand for the runtimes."""

    method: str
    formats: List[str]
    runtimes: List[str]
    entries: List[str]
    by_language: bool = False

    def beside(self, other: "_Row") -> Optional["_Row"]:
        """Both as one row, where they do the same and their names fit."""
        formats = unique([*self.formats, *other.formats])
        both = _Row(self.method, formats, [*self.runtimes, *other.runtimes], self.entries)
        alike = (self.method, self.entries) == (other.method, other.entries)
        alike = alike and not (self.by_language or other.by_language)
        fits = max(len(", ".join(names)) for names in (formats, both.runtimes)) <= WIDEST
        return both if alike and fits else None


def _rows(results: Sequence[Result], marks: Marks) -> List[List[str]]:
    """The runtimes of one file stand together, the formats of one method as well."""
    ways = by_way(results)
    methods = unique(method for method, _, _ in ways)
    formats = unique(format for _, format, _ in ways)
    by_format: Dict[Tuple[str, str], List[_Row]] = {}
    languages: Dict[Tuple[str, str], List[str]] = {}
    for (method, format, runtime), cells in sorted(
        ways.items(), key=lambda item: (methods.index(item[0][0]), formats.index(item[0][1]))
    ):
        entries = [marks.mark(at(cells, *column), cells) for column in COLUMNS.values()]
        row = _Row(method, [shown(format)], [shown(runtime)], [*entries, needs(cells)])
        by_format.setdefault((method, format), []).append(row)
        languages.setdefault((method, format), []).append(language(cells[0].language))
    rows = _merged(row for way in by_format for row in _of_format(by_format[way], languages[way]))
    return [[fit(r.method), *map(listed, (r.formats, r.runtimes)), *r.entries] for r in rows]


def _of_format(rows: List[_Row], languages: List[str]) -> List[_Row]:
    """The rows of one file, in as few as say the same. Runtimes whose names are too long for one
    are told by their languages, if they are all that take the file."""
    found = _merged(rows)
    alike = len({tuple(row.entries) for row in rows}) == 1
    if len(found) > 1 and alike and len(set(languages)) == len(languages):
        return [replace(rows[0], runtimes=languages, by_language=True)]
    return found


def _merged(rows: Iterable[_Row]) -> List[_Row]:
    found: List[_Row] = []
    for row in rows:
        both = found[-1].beside(row) if found else None
        if both:
            found[-1] = both
        else:
            found.append(row)
    return found


def needs(cells: Sequence[Result]) -> str:
    """What files that run need beside the engine."""
    return listed(unique(each for cell in cells for each in cell.extra_dependencies))
