"""How long the rest of a run takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Counter as CounterOf
from typing import Dict, Hashable, NamedTuple, Optional, Tuple


class Left(NamedTuple):
    """Seconds that the rest takes. `at_least`: of some kinds of units none has ended yet, and they
    are not counted."""

    seconds: float
    at_least: bool = False


@dataclass
class TimeLeft:
    """Seconds of the units of work that have not ended. Where a unit took `cost` before, that, as
    much faster or slower as such units have been in this run: many may be answered by the cache.
    Where that is 0, for not known, what such units of its kind take on average in this run."""

    known: float = 0.0
    _unknown: CounterOf[Hashable] = field(default_factory=Counter)
    _units: int = 0
    #: Of the units that have ended: seconds and costs of the known; seconds and number by kind.
    _pace: Tuple[float, float] = (0.0, 0.0)
    _taken: Dict[Hashable, Tuple[float, int]] = field(default_factory=dict)

    def add(self, kind: Hashable, cost: float) -> None:
        """Count a unit."""
        self._units += 1
        self.known += cost
        self._unknown[kind] += not cost

    def end(self, kind: Hashable, cost: float, seconds: float) -> None:
        """Count no more a unit of this kind and cost, which took `seconds`."""
        self._units -= 1
        self.known -= cost
        self._unknown[kind] -= not cost
        if cost:
            self._pace = (self._pace[0] + seconds, self._pace[1] + cost)
        else:
            total, count = self._taken.get(kind, (0.0, 0))
            self._taken[kind] = (total + seconds, count + 1)

    def left(self, lanes: int) -> Optional[Left]:
        """The time that is left in `lanes`; None where nothing is known."""
        seconds, cost = self._pace
        left = self.known * seconds / cost if cost else self.known
        seen = [kind for kind in +self._unknown if kind in self._taken]
        for kind in seen:
            total, count = self._taken[kind]
            left += self._unknown[kind] * total / count
        at_least = len(seen) < len(+self._unknown)
        if at_least and not left:
            return None
        return Left(left / max(1, min(lanes, self._units)), at_least)
