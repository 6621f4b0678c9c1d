"""What differs between two results files, by cell and by what the cells have in common. Pure."""

from __future__ import annotations

import collections
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from pytest_export_matrix.judging.cell_groups import summarize
from pytest_export_matrix.judging.verdict import drifts
from pytest_export_matrix.results.changes import Change, Changes
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import ResultsError

#: A way through the matrix is slower if its cells together run so many times as long, and so many
#: seconds longer. Single cells are noise.
SLOWER, SLOWER_SECONDS = 1.5, 0.2


def diff(old: Results, new: Results, name: str) -> Changes:
    """What changed from `old`, called `name`, to `new`.

    Raises ResultsError where their profiles differ, and so their models.
    """
    if old.matrix and new.matrix and old.matrix.profile != new.matrix.profile:
        profiles = f"{old.matrix.profile!r} and {new.matrix.profile!r}"
        problem = f"it is of another profile than the new results: {profiles}"
        raise ResultsError(f"results file {name}", problem, remedy="compare runs of one profile")
    before = {result.cell: result for result in old.cells}
    now = {result.cell: result for result in new.cells}
    changes = [
        *(_change(before.get(cell), result) for cell, result in now.items()),
        *(
            Change(cell, "gone", result.ending, "")
            for cell, result in before.items()
            if cell not in now
        ),
    ]
    found = [change for change in changes if change]
    found += _timing(before, now)
    return Changes(
        name,
        found,
        summarize(found, _eligible(before, now), [*{**before, **now}]),
        _packages(old, new),
    )


def _change(old: Optional[Result], new: Result) -> Optional[Change]:
    if old is None:
        return Change(new.cell, "new", "", new.ending)
    kind = _kind(old, new)
    if kind == "drifting":
        return Change(new.cell, kind, f"deviation {old.worst:.0e}", f"deviation {new.worst:.0e}")
    return Change(new.cell, kind, old.ending, new.ending) if kind else None


def _kind(old: Result, new: Result) -> Optional[str]:
    if old.absent or new.absent:
        return None if old.absent and new.absent else ("found" if old.absent else "lost")
    if new.passed:
        if not old.passed:
            return "fixed"
        return "drifting" if drifts(old.worst, new.worst) else None
    if old.ending == new.ending:
        return None
    if new.flaky:
        return "flaky"
    return "broke" if old.passed else "changed"


def _eligible(old: Mapping[Cell, Result], new: Mapping[Cell, Result]) -> Dict[str, List[Cell]]:
    """By kind of change, the cells that could have changed so."""
    ran = [cell for cell, result in old.items() if not result.absent]
    passed = [cell for cell in ran if old[cell].passed]
    both = [cell for cell in passed if cell in new]
    failed = [cell for cell in ran if not old[cell].passed and cell in new]
    absent = [cell for cell, result in old.items() if result.absent and cell in new]
    return {
        "broke": both, "drifting": both, "slower": both, "faster": both,
        "changed": failed, "fixed": failed, "found": absent,
        "lost": [cell for cell in ran if cell in new],
        "flaky": [cell for cell in ran if cell in new],
        "new": list(new), "gone": list(old),
    }  # fmt: skip


def _timing(old: Mapping[Cell, Result], new: Mapping[Cell, Result]) -> Iterator[Change]:
    """The cells of the ways that became slower or faster. Only cells that pass in both count."""
    ways: Dict[Tuple[str, ...], List[Cell]] = collections.defaultdict(list)
    for cell, result in new.items():
        if result.passed and cell in old and old[cell].passed:
            way = (cell.architecture, cell.method, cell.format, cell.runtime, cell.device)
            ways[way].append(cell)
    for cells in ways.values():
        before = sum(old[cell].seconds.get("run", 0.0) for cell in cells)
        now = sum(new[cell].seconds.get("run", 0.0) for cell in cells)
        if abs(now - before) < SLOWER_SECONDS or max(now, before) < SLOWER * min(now, before):
            continue
        kind = "slower" if now > before else "faster"
        for cell in cells:
            took = (f"run {side[cell].seconds.get('run', 0.0):.2f} s" for side in (old, new))
            yield Change(cell, kind, *took)


def _packages(old: Results, new: Results) -> List[Tuple[str, str, str, str]]:
    """(environment, package, old, new) of each version that changed."""
    found = []
    for name in sorted({*old.environments, *new.environments}):
        before, now = _versions(old, name), _versions(new, name)
        for package in sorted({*before, *now}):
            versions = before.get(package, "none"), now.get(package, "none")
            if versions[0] != versions[1]:
                found.append((name, package, *versions))
    return found


def _versions(results: Results, environment: str) -> Dict[str, str]:
    found = results.environments.get(environment)
    return {"python": found.python, **found.packages} if found else {}
