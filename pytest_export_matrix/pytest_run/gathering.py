"""Gather the results of a run from this process, or from the processes of pytest-xdist."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import pytest

from pytest_export_matrix.environments import current, records
from pytest_export_matrix.judging.gate import Gate
from pytest_export_matrix.machine import devices
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.pytest_run.plan import Plan
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results, Versions, axes_of
from pytest_export_matrix.vocabulary.cells import NODE_PREFIX, Cell
from pytest_export_matrix.vocabulary.entries import DEFAULT

#: The attribute of a report that crosses from a process of pytest-xdist with a result.
ATTACHED = "export_matrix"


@dataclass
class Gathered:
    """The cells that pytest is going to run, and the results that have come in."""

    planned: List[Cell] = field(default_factory=list)
    by_cell: Dict[Cell, Result] = field(default_factory=dict)
    _started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    _clock: float = field(default_factory=time.monotonic)
    #: Of the whole plan, which may be large, while results are written as they come.
    _whole: Optional[Tuple[Matrix, Dict[str, List[str]]]] = None

    def plan(self, node_ids: Sequence[str]) -> None:
        """Set the planned cells, from the ids of all items of another process. With `--dist
        loadgroup` pytest-xdist writes the group of an item behind it, after "@"."""
        ids = [id for id in node_ids if id.startswith(NODE_PREFIX)]
        self.planned = [Cell.of(id.removeprefix(NODE_PREFIX).partition("@")[0]) for id in ids]

    def add(self, result: Result) -> None:
        self.by_cell[result.cell] = result

    def take(self, report: pytest.TestReport) -> None:
        """Add the result that another process has attached to a report."""
        row: Any = report.__dict__.pop(ATTACHED, None)
        if row:
            self.add(Result.from_row(row))

    def failed(self) -> List[Result]:
        return [each for each in self.by_cell.values() if not each.passed and not each.absent]

    def results(
        self, plan: Plan, settings: Settings, gate: Gate, elsewhere: Mapping[str, str]
    ) -> Results:
        """All that has come in, in the order of the matrix. `elsewhere` are packages that only
        other machines have, with their versions."""
        cells = [self.by_cell[each] for each in self.planned if each in self.by_cell]
        if self._whole is None:
            self._whole = Matrix.of(plan.whole, settings.profile), axes_of(plan.whole)
        matrix, axes = self._whole
        return Results(
            planned=len(self.planned),
            cells=cells,
            started=self._started.isoformat(timespec="seconds"),
            seconds=time.monotonic() - self._clock,
            environments=environments(plan, settings, cells, elsewhere),
            matrix=matrix,
            shard=_shard(settings),
            axes=axes,
            changes=gate.changes(cells),
        )


def _shard(settings: Settings) -> Optional[str]:
    return "{}/{}".format(*settings.shard) if settings.shard else None


def environments(
    plan: Plan, settings: Settings, results: Sequence[Result], elsewhere: Mapping[str, str]
) -> Dict[str, Versions]:
    """The environments that `results` were made in, as far as they were ever built. The default one
    has the packages `elsewhere` too."""
    registry = plan.registry
    names = {result.environment for result in results}
    names |= {registry.exporter(r.cell.method, r.cell.format).environment for r in results}
    found = {DEFAULT: current.describe(registry.modules)}
    found[DEFAULT].packages.update(elsewhere)
    for environment in registry.environments:
        record = records.known(settings.cache, environment)
        if record and environment.name in names:
            found[environment.name] = record.describe(registry.modules)
    for result in results:
        if result.program:
            found[result.environment].packages.update(result.program)
    gpus = devices.gpus()
    on_gpus = {r.environment for r in results if r.cell.device != "cpu" and not r.absent}
    for name in on_gpus & set(found):
        found[name].platform += f", {gpus}" if gpus else ""
    return found
