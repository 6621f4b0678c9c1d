"""Results -> limits: a row for each cause of failures, which stands below in words. Pure."""

from __future__ import annotations

from typing import Callable, List, Sequence

from pytest_export_matrix.judging.cell_groups import describe_cells
from pytest_export_matrix.reporting.arbiter import Arbiter
from pytest_export_matrix.reporting.causes import Cause, causes
from pytest_export_matrix.reporting.grades import describe, fit, listed, superscript
from pytest_export_matrix.reporting.grids import Grid, unique
from pytest_export_matrix.reporting.names import shown
from pytest_export_matrix.results.result import Result

HEADER = ["", "Cells", "How they end", "Architectures", "Export methods", "Runs in"]


def limits_grids(results: Sequence[Result]) -> List[Grid]:
    """A row for each cause; no table where nothing failed."""
    return _grids("Limits", causes(results), results)


def limits_notes(results: Sequence[Result]) -> List[str]:
    """Each cause in words: why, the cell that shows it with least, and exactly which cells."""
    return _notes(causes(results), results)


def adversarial_grids(results: Sequence[Result]) -> List[Grid]:
    """The causes of failures that only adversarial inputs show; no table without such."""
    return _grids("Adversarial inputs", causes(_only_adversarial(results)), results)


def adversarial_notes(results: Sequence[Result]) -> List[str]:
    return _notes(causes(_only_adversarial(results)), results)


def _only_adversarial(results: Sequence[Result]) -> List[Result]:
    return [result for result in results if result.only_adversarial]


def _grids(title: str, found: Sequence[Cause], results: Sequence[Result]) -> List[Grid]:
    rows = [
        [
            superscript(cause.number),
            str(len(cause.cells)),
            fit(cause.ending),
            _values(cause, results, lambda result: result.cell.architecture),
            _values(cause, results, lambda result: result.cell.captured),
            _values(cause, results, lambda result: shown(result.cell.runtime)),
        ]
        for cause in found
    ]
    return [Grid(title, HEADER, rows)] if rows else []


def _values(cause: Cause, results: Sequence[Result], value: Callable[[Result], str]) -> str:
    """The names that the cells of a cause have, or how many of how many."""
    names, known = unique(map(value, cause.cells)), unique(map(value, results))
    text = listed(names)
    return text if text == ", ".join(names) else f"{len(names)} of {len(known)}"


def _notes(found: Sequence[Cause], results: Sequence[Result]) -> List[str]:
    ran, arbiter = [result.cell for result in results if not result.absent], Arbiter(results)
    notes = []
    for cause in found:
        said = filter(None, [describe(cause), arbiter.fault(cause.cells)])
        cells = describe_cells([result.cell for result in cause.cells], ran)
        notes.append(f"{superscript(cause.number)} {'; '.join(said)}. Cells: {cells}")
    return notes
