"""What units of work cost in earlier runs, so that the long ones do not begin last."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Hashable

from pytest_export_matrix.execution.answers import read_stored
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.machine.hashing import digest

COSTS = "costs"
#: Less than that is the time to look an answer up: it says nothing about the work.
LEAST_SECONDS = 0.5


@dataclasses.dataclass
class CostsEntry:
    """Seconds that the units of a project took, by the digest of their keys."""

    seconds: Dict[str, float]


class Costs:
    """The seconds of the units of one project, as `store` keeps them under the key `project`."""

    def __init__(self, store: Store, project: str) -> None:
        self._store, self._project = store, project
        entry = store.get(COSTS, project)
        known = read_stored(entry.data, CostsEntry) if entry else None
        self._known: Dict[str, float] = known.seconds if known else {}
        self._measured: Dict[str, float] = {}

    def of(self, key: Hashable) -> float:
        """What the unit of `key` took in the last run that did its work; 0 if none did."""
        return self._known.get(_name(key), 0.0)

    def note(self, key: Hashable, seconds: float) -> None:
        if seconds >= LEAST_SECONDS:
            self._measured[_name(key)] = seconds

    def keep(self) -> None:
        """Store what was measured beside what is known of other units."""
        if self._measured:
            entry = CostsEntry({**self._known, **self._measured})
            self._store.put(COSTS, self._project, dataclasses.asdict(entry))


def _name(key: Hashable) -> str:
    return digest(_plain(key))


def _plain(value: Any) -> Any:
    """A key as JSON can hold it, the same in every process."""
    if dataclasses.is_dataclass(value):
        fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
        return [type(value).__name__, *map(_plain, fields)]
    if isinstance(value, frozenset):
        return sorted(map(_plain, value))
    return [*map(_plain, value)] if isinstance(value, tuple) else value
