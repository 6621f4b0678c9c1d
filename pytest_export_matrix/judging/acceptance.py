"""Update the baseline: accept today's outcomes. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, List, Optional, Sequence, Tuple

from pytest_export_matrix.judging.baseline import FLAKY, Accepted, Baseline
from pytest_export_matrix.judging.verdict import (
    _old,
    drifts,
)
from pytest_export_matrix.results.result import Result


def gone(baseline: Baseline, cells: Collection[str]) -> List[str]:
    """The cells of the baseline that are not among `cells`, the ids of a whole matrix."""
    there = set(cells)
    return sorted(cell for cell in baseline.cells if cell not in there)


def updated(
    baseline: Optional[Baseline],
    results: Sequence[Result],
    profile: str,
    whole: Optional[Collection[str]] = None,
) -> Baseline:
    """`baseline` with the endings of `results` accepted.

    Cells without a result, or unavailable here, stay as they were. If `whole`, the ids of all
    cells, is given, cells that are not in it are dropped. The deviation of a passing cell is
    rewritten only if it changed tenfold, so that another machine does not touch the line.
    """
    new = Baseline(profile)
    if baseline:
        new = replace(baseline, accepted=dict(baseline.accepted), passing=dict(baseline.passing))
    for result in results:
        cell = result.cell.id
        if result.absent:
            continue
        before, deviation = new.accepted.pop(cell, None), new.passing.pop(cell, None)
        if before and before.outcome == FLAKY and (result.passed or before.covers(result)):
            new.accepted[cell] = before
        elif not result.passed:
            new.accepted[cell] = Accepted.of(result, before)
        elif deviation is None or drifts(deviation, result.worst) or _improved(deviation, result):
            new.passing[cell] = result.worst
        else:
            new.passing[cell] = deviation
    for cell in gone(new, whole) if whole is not None else []:
        new.accepted.pop(cell, None)
        new.passing.pop(cell, None)
    return new


def _improved(before: float, result: Result) -> bool:
    return drifts(result.worst, before)


def differences(old: Optional[Baseline], new: Baseline) -> List[Tuple[str, str, str]]:
    """What an update changes: (cell, ending before, ending after), "" for not in the file."""
    cells = sorted({*(old.cells if old else []), *new.cells})
    found = [(cell, _old(cell, old), _old(cell, new)) for cell in cells]
    return [(cell, before, after) for cell, before, after in found if before != after]
