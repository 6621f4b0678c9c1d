"""What differs between two states of a matrix: two results files, or results and a baseline."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from pytest_export_matrix.cells import Cell

#: What several cells have in common: (axis, value), ...
Terms = Tuple[Tuple[str, str], ...]

#: The axes, those that explain most first.
TELLING = ("runtime", "method", "format", "architecture", "resolution", "batch", "device")

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
    """One cell that is not as it was; `old` and `new` in words ("failed at compare (boxes)")."""

    cell: Cell
    kind: str
    old: str
    new: str


@dataclass(frozen=True)
class Summary:
    """Changes of one kind that one sentence covers: every cell `where` says, of those that could
    change so. `where` is "axis=value, axis=value", or the id of a single cell."""

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


def summarize(changes: Sequence[Change], eligible: Mapping[str, Sequence[Cell]]) -> List[Summary]:
    """The fewest sentences that say where the changes are, by kind, worst first.

    `eligible` holds by kind the cells that could have changed so: a sentence covers those alone
    that did. Greedy set cover over conjunctions of up to three axes, the widest first.
    """
    found = []
    for kind in KINDS:
        cells = list(dict.fromkeys(change.cell for change in changes if change.kind == kind))
        found += _cover(kind, cells, eligible.get(kind, cells))
    return found


def _cover(kind: str, cells: Sequence[Cell], eligible: Sequence[Cell]) -> List[Summary]:
    changed = set(cells)
    by_terms: Dict[Terms, List[Cell]] = {}
    for cell in dict.fromkeys([*eligible, *cells]):
        for terms in _conjunctions(cell):
            by_terms.setdefault(terms, []).append(cell)
    pure = {terms: found for terms, found in by_terms.items() if changed.issuperset(found)}
    summaries, left = [], changed
    while left:
        best = max(pure, key=lambda terms: (len(left.intersection(pure[terms])), -len(terms)))
        covered = [cell for cell in pure[best] if cell in left]
        if len(covered) == 1:
            where = covered[0].id
        else:
            where = ", ".join(f"{axis}={value}" for axis, value in best)
        summaries.append(Summary(kind, where, covered))
        left = left.difference(covered)
    return summaries


def _conjunctions(cell: Cell) -> Iterator[Terms]:
    """What may be said of a cell: up to three of its axes, or all; the most telling first."""
    axes = tuple((axis, getattr(cell, axis)) for axis in TELLING)
    for size in (1, 2, 3, len(axes)):
        yield from itertools.combinations(axes, size)
