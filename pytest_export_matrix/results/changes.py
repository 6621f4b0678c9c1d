"""What differs between two states of a matrix: two results files, or results and a baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Tuple

from pytest_export_matrix.vocabulary.cells import Cell

#: The kinds of change, worst first, each with what it says of a cell.
KINDS: Dict[str, str] = {
    "broke": "passed before, does not now",
    "changed": "did not pass before either, but in another way",
    "failed": "does not pass",
    "flaky": "failed, and passed when it was run once more",
    "gone": "is not in the matrix any more",
    "missing": "unavailable here, though required",
    "lost": "ran before, unavailable now",
    "fixed": "did not pass before, passes now",
    "new": "was not in the matrix before",
    "found": "unavailable before, runs now",
    "drifting": "passes, but deviates at least ten times as far as before",
    "slower": "takes longer than before",
    "faster": "takes less time than before",
}


@dataclass(frozen=True)
class Change:
    """One cell that changed; `old` and `new` are in words ("failed at compare (boxes)")."""

    cell: Cell
    kind: str
    old: str
    new: str


@dataclass(frozen=True)
class Summary:
    """Changes of one kind that one sentence covers: all cells that `where` fits and that could
    change so. `where` is "axis=value or value, axis=value", the id of a single cell, or "all"."""

    kind: str
    where: str
    cells: List[Cell]

    @property
    def text(self) -> str:
        return self.where if len(self.cells) == 1 else f"{self.where} ({len(self.cells)} cells)"


@dataclass(frozen=True)
class Changes:
    """All changes `against` an older state (its name), their summaries, and the packages whose
    version changed: (environment, package, old, new)."""

    against: str
    changes: List[Change]
    summaries: List[Summary] = field(default_factory=list)
    packages: List[Tuple[str, str, str, str]] = field(default_factory=list)

    def of(self, *kinds: str) -> List[Change]:
        return [change for change in self.changes if change.kind in kinds]
