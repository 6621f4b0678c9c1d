"""A table as data, and what all of them are cut from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple, TypeVar

from pytest_export_matrix.results.result import Result

#: No table has more columns, its labels included.
MOST_COLUMNS = 8
T = TypeVar("T")


@dataclass(frozen=True)
class Grid:
    """One table of one device; its title is shown where a document has several in one place."""

    title: str
    header: List[str]
    rows: List[List[str]]
    device: str = ""


def narrow(grid: Grid, labels: int) -> List[Grid]:
    """`grid` as tables of at most MOST_COLUMNS; each repeats its first `labels` columns."""
    found = []
    for first in range(labels, len(grid.header), MOST_COLUMNS - labels):
        part = slice(first, first + MOST_COLUMNS - labels)
        title = grid.title + (", continued" if first > labels else "")
        rows = [[*row[:labels], *row[part]] for row in grid.rows]
        found.append(Grid(title, [*grid.header[:labels], *grid.header[part]], rows, grid.device))
    return found


def claimed(results: Sequence[Result]) -> List[Result]:
    """The results of pairs of exporter and runtime that somebody claims to work; all results where
    only other pairs were run."""
    return [result for result in results if not result.foreign] or list(results)


def foreign(results: Sequence[Result]) -> List[Result]:
    """The results of the other pairs."""
    return [result for result in results if result.foreign]


def by_device(results: Sequence[Result]) -> Dict[str, List[Result]]:
    """The results on each device on which something was run."""
    ran = unique(result.cell.device for result in results if not result.absent)
    return {device: [r for r in results if r.cell.device == device] for device in ran}


def by_way(results: Sequence[Result]) -> Dict[Tuple[str, str, str], List[Result]]:
    """The results by export method (plain or prepared), format and runtime."""
    ways: Dict[Tuple[str, str, str], List[Result]] = {}
    for result in results:
        cell = result.cell
        ways.setdefault((cell.captured, cell.format, cell.runtime), []).append(result)
    return ways


def at(results: Sequence[Result], resolution: str, batch: str) -> List[Result]:
    """The cells of this resolution and batch. A slice without them shows those of this batch, or
    those of this resolution where that is what the place is about."""
    exactly = [r for r in results if (r.cell.resolution, r.cell.batch) == (resolution, batch)]
    if exactly or (resolution, batch) == ("fixed", "1"):
        return exactly
    if batch != "1":
        return [r for r in results if r.cell.batch == batch]
    return [r for r in results if r.cell.resolution == resolution]


def unique(items: Iterable[T]) -> List[T]:
    return list(dict.fromkeys(items))
