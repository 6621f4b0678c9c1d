"""Answers that were given before, found by what was asked and by what is installed now.

What an answer depends on is known only once it is there. So it has two keys: what was asked, under
which the store keeps what the answers so far used of their environments, and beside that the state
of what was used. An answer is found again where that state is what it was.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, TypeVar

from pytest_export_matrix.execution.answers import Uses, read_stored
from pytest_export_matrix.execution.store import Entry, Store
from pytest_export_matrix.machine.hashing import digest

T = TypeVar("T")
USES = "uses"
#: How many different uses are remembered of one question: installations may share a store.
KEPT = 16


@dataclass
class UsesEntry:
    """What the answers to one question used of their environments, the latest first."""

    uses: List[Uses]


@dataclass
class Remembered:
    """`state` gives a digest of what was used, as it is now; None where it is not there."""

    store: Store
    state: Callable[[Uses], Optional[str]]
    _held: Dict[str, Any] = field(default_factory=dict)

    def find(self, kind: str, asked: str, files: bool = True) -> Iterator[Tuple[str, Entry, Uses]]:
        """The key and the entry of each answer that holds for what is installed, with its uses.
        Without `files` these may be damaged, or not on this machine."""
        look_up = self.store.get if files else self.store.said
        for uses in self._uses(kind, asked):
            state = self.state(uses)
            key = digest([asked, state])
            entry = look_up(kind, key) if state else None
            if entry:
                yield key, entry, uses

    def keep(
        self, kind: str, asked: str, uses: Uses, data: Dict[str, Any], files: Optional[Path] = None
    ) -> str:
        """Keep the answer to what was `asked`. Returns its key. Raises CacheError."""
        key = digest([asked, self.state(uses)])
        self.store.put(kind, key, data, files)
        known = self._uses(kind, asked)
        if uses not in known:
            entry = UsesEntry([uses, *known][:KEPT])
            self.store.put(USES, _uses_key(kind, asked), asdict(entry))
        return key

    def learn(self, key: str, theirs: Store) -> None:
        """Remember beside our own what another store knows at `key` of the uses of a question."""
        found: List[Uses] = []
        for store in (self.store, theirs):
            entry = store.get(USES, key)
            known = read_stored(entry.data, UsesEntry) if entry else None
            found += [uses for uses in (known.uses if known else []) if uses not in found]
        self.store.put(USES, key, asdict(UsesEntry(found[:KEPT])))

    def _uses(self, kind: str, asked: str) -> List[Uses]:
        entry = self.store.get(USES, _uses_key(kind, asked))
        known = read_stored(entry.data, UsesEntry) if entry else None
        return [self.held(uses) for uses in known.uses] if known else []

    def held(self, value: T) -> T:
        """The first value that is equal to this one. Most answers say the same of what they used
        and were made from, and all of them are in memory."""
        found: T = self._held.setdefault(str(value), value)
        return found


def _uses_key(kind: str, asked: str) -> str:
    return digest([kind, asked])
