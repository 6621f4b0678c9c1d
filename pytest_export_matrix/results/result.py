"""The one result model that every report reads."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional

import msgspec

from pytest_export_matrix.machine.json_files import convert
from pytest_export_matrix.vocabulary.cells import AXES, Cell
from pytest_export_matrix.vocabulary.outcomes import (
    ORDINARY,
    OUTCOMES,
    Deviation,
    Outcome,
    Sight,
    Stage,
    Warned,
)

HEADLINE_LIMIT = 240


@dataclass
class Trial:
    """One attempt at a file with some extra modules: how far it got."""

    extras: List[str]
    outcome: Outcome
    stage: Optional[Stage]
    reason: Optional[str]


@dataclass
class Artifact:
    """An exported file: its digest, and its bytes with those of the files beside it."""

    sha256: str
    bytes: int


@dataclass(slots=True)  # there are as many as cells
class Result:
    """One cell and what became of it; a row of `results.json`.

    `exported_at` and `ran_at` list batches as [images, height, width], the height and width being
    those of the canvas that holds every image of the batch. `trials` are the sets of extra modules
    that the file was tried with, in order, and how far it got with each; `latency` the seconds of
    the first call of the file, and of the later ones (their median); `program` the versions of what
    the runtime's program was made with. `foreign`: nobody claims that the runtime runs the file.
    `failed_on` names the inputs that were answered wrongly, or the one at which the run ended: by
    the architecture's names for adversarial inputs, which are run last, else ORDINARY. `sight` is
    what the inputs of all cells of the model see, where that was asked for; the results file holds
    it once a model. `detail` (a traceback, the end of the worker's output) is shown with a failed
    test and kept out of the results file.
    """

    cell: Cell
    language: str
    environment: str
    outcome: Outcome
    stage: Optional[Stage] = None
    reason: Optional[str] = None
    exported_at: List[List[int]] = field(default_factory=list)
    ran_at: List[List[int]] = field(default_factory=list)
    deviation: Deviation = field(default_factory=dict)
    deviating: List[str] = field(default_factory=list)
    failed_on: List[str] = field(default_factory=list)
    flaky: bool = False
    foreign: bool = False
    extra_dependencies: List[str] = field(default_factory=list)
    trials: List[Trial] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)
    latency: Dict[str, float] = field(default_factory=dict)
    program: Dict[str, str] = field(default_factory=dict)
    artifact: Optional[Artifact] = None
    warnings: List[Warned] = field(default_factory=list)
    sight: Optional[Sight] = None
    cached: bool = False
    repro: str = ""
    detail: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def absent(self) -> bool:
        return self.outcome is Outcome.UNAVAILABLE

    @property
    def ending(self) -> str:
        """How the cell ended, in words: `passed`, `failed at compare (boxes)`, `flaky at run`."""
        words = "flaky" if self.flaky else str(self.outcome)
        if self.stage and not self.passed:
            words += f" at {self.stage}"
        return f"{words} ({', '.join(self.deviating)})" if self.deviating else words

    @property
    def only_adversarial(self) -> bool:
        """Whether the cell failed only on adversarial inputs."""
        return bool(self.failed_on) and ORDINARY not in self.failed_on

    @property
    def worst(self) -> Optional[float]:
        """The largest relative deviation of any output, where one was measured."""
        figures = [f for f in self.deviation.values() if isinstance(f, dict) and "max_rel" in f]
        return max((float(f["max_rel"]) for f in figures), default=None)

    @property
    def headline(self) -> str:
        """The first line of the reason, cut to what a terminal shows."""
        lines = (self.reason or "").strip().splitlines()
        first = lines[0] if lines else ""
        return first if len(first) <= HEADLINE_LIMIT else f"{first[:HEADLINE_LIMIT]} ..."

    def row(self) -> Dict[str, Any]:
        """The result as `results.json` holds it."""
        row = self.transfer()
        del row["detail"], row["sight"]
        return row

    def transfer(self) -> Dict[str, Any]:
        """The result as it crosses between processes: the row, the detail and the sight."""
        values = {each.name: getattr(self, each.name) for each in fields(self)[1:]}
        rest: Dict[str, Any] = msgspec.to_builtins(values)
        return {"id": self.cell.id, **self.cell.axes, **rest}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Result":
        """The inverse of `row` and of `transfer`. Raises ValueError on another shape."""
        for axis in AXES[:-1]:
            if axis not in row:
                raise ValueError(f"a cell has no {axis}")
        return convert({**row, "cell": [row[axis] for axis in AXES if axis in row]}, cls)


def count(results: List[Result]) -> Dict[str, int]:
    """How many results ended in each outcome, every outcome named."""
    counts = dict.fromkeys(OUTCOMES, 0)
    for result in results:
        counts[result.outcome] += 1
    return counts
