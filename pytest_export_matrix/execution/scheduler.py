"""Run units of work in the order of the plan, several at a time, each after those it waits for.

A unit leaves the order of the plan only where the run would end later otherwise: as soon as the
work that it leads to takes as long as all that is left takes in all lanes. (Graham's list schedule
by critical path, doi:10.1137/0117039, held back for as long as that costs nothing.)
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Generic,
    Hashable,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    TypeVar,
)

from pytest_export_matrix.execution.time_left import Left, TimeLeft
from pytest_export_matrix.machine import capacity

U = TypeVar("U")
#: What a place has that not every place has; empty for work that can be done anywhere.
Needs = FrozenSet[str]
ANYWHERE: Needs = frozenset()
#: The peak memory of exporting a detector at full size, and of the idle workers beside it.
BYTES_A_LANE = 4 * 2**30


def default_lanes(cores: int, available: int) -> int:
    """How many tasks fit at once: one for each core, as far as there is memory for each."""
    return max(1, min(cores, available // BYTES_A_LANE))


def default_memory_limit(lanes: int) -> int:
    """Bytes that one task may hold: an equal share of four fifths of the memory that is there."""
    return int(capacity.memory() * 0.8 / lanes)


@dataclass
class Ready(Generic[U]):
    """The units that may begin."""

    _planned: List[Tuple[int, U]] = field(default_factory=list)
    _longest: List[Tuple[float, int, U]] = field(default_factory=list)
    _there: Set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self._there)

    def add(self, number: int, path: float, unit: U) -> None:
        """Add the unit with its `number` in the plan, and the cost of the longest `path` of units
        that begins with it."""
        self._there.add(number)
        heapq.heappush(self._planned, (number, unit))
        self.lengthen(number, path, unit)

    def lengthen(self, number: int, path: float, unit: U) -> None:
        """Note a longer path of a unit, if that is here."""
        if number in self._there:
            heapq.heappush(self._longest, (-path, number, unit))

    def take(self, lanes: int, left: float) -> U:
        """The unit to begin next in one of `lanes`. `left` is the cost of all units that have not
        ended."""
        while self._planned[0][0] not in self._there:  # it was taken from the other heap
            heapq.heappop(self._planned)
        while self._longest[0][1] not in self._there:
            heapq.heappop(self._longest)
        path, number, unit = self._longest[0]
        if -path * lanes < left or not path:
            number, unit = self._planned[0]
        self._there.remove(number)
        return unit


@dataclass(eq=False, slots=True)
class Unit:
    """Work with its cost, in seconds as measured before, after the units `after`. `path` is the
    cost of the longest chain of units that begins with this one."""

    number: int
    key: Hashable
    work: Callable[[], Any]
    cost: float
    after: List["Unit"]
    needs: Needs
    kind: Hashable
    waiting: int
    future: "Future[Any]" = field(default_factory=Future)
    path: float = 0.0

    def __lt__(self, other: "Unit") -> bool:
        return self.number < other.number


class Scheduler:
    """Runs units in threads, as many as there are `lanes` for what they need: those that wait for
    one place leave the others alone. A unit whose future is there already is not added again.

    `cost` is what a unit took before, by its key; `note` is told what it took now.
    """

    def __init__(
        self,
        lanes: Mapping[Needs, int],
        cost: Callable[[Hashable], float] = lambda key: 0.0,
        note: Callable[[Hashable, float], None] = lambda key, seconds: None,
    ) -> None:
        self._units: Dict[Hashable, Unit] = {}
        self._of_future: Dict[int, Unit] = {}
        self._cost, self._note, self._lanes = cost, note, sum(lanes.values())
        self._ready: Dict[Needs, Ready[Unit]] = {needs: Ready() for needs in lanes}
        self._left = TimeLeft()
        self._numbers = itertools.count()
        self._lock = threading.RLock()
        #: Told where a unit with these needs is ready: only lanes that can take it wake up.
        self._changed = {needs: threading.Condition(self._lock) for needs in lanes}
        self._closed = False
        self._threads = [
            threading.Thread(target=self._lane, args=(needs,), daemon=True)
            for needs, count in lanes.items()
            for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def add(
        self,
        key: Hashable,
        work: Callable[[], Any],
        after: Sequence["Future[Any]"] = (),
        needs: Needs = ANYWHERE,
        kind: Hashable = None,
    ) -> "Future[Any]":
        """The future of `work()`, which runs once all of `after` are done, however they ended, in
        one of the lanes for what it `needs`. Units of a `kind` are expected to take equally long.
        """
        if key in self._units:
            return self._units[key].future
        before = [self._of_future[id(future)] for future in after]
        number, cost = next(self._numbers), self._cost(key)
        unit = Unit(number, key, work, cost, before, needs, kind, len(before))
        self._units[key] = self._of_future[id(unit.future)] = unit
        with self._lock:
            self._lengthen(unit, unit.cost)
            self._left.add(unit.kind, unit.cost)

        def one_done(_: Any = None) -> None:
            with self._lock:
                unit.waiting -= 1
                if unit.waiting <= 0:
                    self._ready[unit.needs].add(unit.number, unit.path, unit)
                    self._changed[unit.needs].notify()

        if not after:
            one_done()
        for needed in after:
            needed.add_done_callback(one_done)
        return unit.future

    def _lengthen(self, unit: Unit, path: float) -> None:
        if path > unit.path:
            unit.path = path
            self._ready[unit.needs].lengthen(unit.number, path, unit)
            for before in unit.after:
                self._lengthen(before, before.cost + path)

    def result(self, key: Hashable, default: Any) -> Any:
        """The result of the unit of `key`, which has run; `default` where none was added."""
        return self._units[key].future.result() if key in self._units else default

    def time_left(self) -> Optional[Left]:
        """How long the units take that have not ended; None where that cannot be told yet."""
        with self._lock:
            return self._left.left(self._lanes)

    def _lane(self, needs: Needs) -> None:
        ready, changed = self._ready[needs], self._changed[needs]
        while True:
            with self._lock:
                while not ready and not self._closed:
                    changed.wait()
                if self._closed:
                    return
                unit = ready.take(self._lanes, self._left.known)
            began = time.monotonic()
            self._run(unit)
            seconds = time.monotonic() - began
            self._note(unit.key, seconds)
            with self._lock:
                self._left.end(unit.kind, unit.cost, seconds)

    def _run(self, unit: Unit) -> None:
        if unit.future.set_running_or_notify_cancel():
            try:
                unit.future.set_result(unit.work())
            except BaseException as error:
                unit.future.set_exception(error)

    def close(self) -> None:
        """Begin nothing more and wait until what is under way has ended."""
        with self._lock:
            self._closed = True
            for changed in self._changed.values():
                changed.notify_all()
        for unit in self._units.values():
            unit.future.cancel()
        for thread in self._threads:
            thread.join()
