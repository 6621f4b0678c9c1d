"""The one result model that every report reads."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional

from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import (
    ORDINARY,
    OUTCOMES,
    Outcome,
)

HEADLINE_LIMIT = 240


@dataclass
class Result:
    """One cell and what became of it; a row of `results.json`.

    `exported_at` and `ran_at` list batches as [images, height, width], the height and width being
    those of the canvas that holds every image of the batch. `trials` are the sets of extra modules
    that the file was tried with, in order, and how far it got with each; `latency` the seconds of
    the first call of the file, and of the later ones (their median); `program` the versions of what
    the runtime's program was made with. `failed_on` names the inputs that were answered wrongly, or
    the one at which running ended: the architecture's words for adversarial ones, which come after
    all others, else ORDINARY. `detail` (a traceback, the end of the worker's output) is shown with
    a failed test and kept out of the results file.
    """

    cell: Cell
    language: str
    environment: str
    outcome: str
    stage: Optional[str] = None
    reason: Optional[str] = None
    exported_at: List[List[int]] = field(default_factory=list)
    ran_at: List[List[int]] = field(default_factory=list)
    deviation: Dict[str, Any] = field(default_factory=dict)
    deviating: List[str] = field(default_factory=list)
    failed_on: List[str] = field(default_factory=list)
    flaky: bool = False
    extra_dependencies: List[str] = field(default_factory=list)
    trials: List[Dict[str, Any]] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)
    latency: Dict[str, float] = field(default_factory=dict)
    program: Dict[str, str] = field(default_factory=dict)
    artifact: Optional[Dict[str, Any]] = None
    warnings: List[Dict[str, Any]] = field(default_factory=list)
    cached: bool = False
    repro: str = ""
    detail: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome == Outcome.PASSED.value

    @property
    def absent(self) -> bool:
        return self.outcome == Outcome.UNAVAILABLE.value

    @property
    def ending(self) -> str:
        """How the cell ended, in words: `passed`, `failed at compare (boxes)`, `flaky at run`."""
        words = "flaky" if self.flaky else self.outcome
        if self.stage and not self.passed:
            words += f" at {self.stage}"
        return f"{words} ({', '.join(self.deviating)})" if self.deviating else words

    @property
    def only_adversarial(self) -> bool:
        """Whether the ordinary inputs gave no cause to fail."""
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
        rest = {f.name: getattr(self, f.name) for f in fields(self)[1:] if f.name != "detail"}
        return {"id": self.cell.id, **self.cell.axes, **rest}

    def transfer(self) -> Dict[str, Any]:
        """The result as it crosses between processes: the row and the detail."""
        return {**self.row(), "detail": self.detail}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Result":
        """The inverse of `row` and of `transfer`. Raises KeyError or TypeError on another shape."""
        cell = Cell(**{f.name: row[f.name] for f in fields(Cell) if f.name in row})
        rest = {f.name: row[f.name] for f in fields(cls)[1:] if f.name in row}
        return cls(cell, **rest)


def count(results: List[Result]) -> Dict[str, int]:
    """How many results ended in each outcome, every outcome named."""
    counts = dict.fromkeys(OUTCOMES, 0)
    for result in results:
        counts[result.outcome] += 1
    return counts
