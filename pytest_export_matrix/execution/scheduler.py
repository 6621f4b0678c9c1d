"""Run units of work in the order of the plan, several at a time, each after those it needs."""

from __future__ import annotations

import heapq
import itertools
import threading
from concurrent.futures import Future
from typing import Any, Callable, Dict, Hashable, List, Sequence, Tuple

import psutil

#: The peak memory of exporting a detector at full size, and of the idle workers beside it.
BYTES_A_LANE = 4 * 2**30


def default_lanes(cores: int, available: int) -> int:
    """How many tasks fit at once: one for each core, as far as there is memory for each."""
    return max(1, min(cores, available // BYTES_A_LANE))


def default_memory_limit(lanes: int) -> int:
    """Bytes that one task may hold: an equal share of four fifths of this machine's memory."""
    return int(psutil.virtual_memory().total * 0.8 / lanes)


class Scheduler:
    """Runs units in `lanes` threads. A unit whose future is there already is not added again."""

    def __init__(self, lanes: int) -> None:
        self._units: Dict[Hashable, "Future[Any]"] = {}
        self._ready: List[Tuple[int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._lane, daemon=True) for _ in range(lanes)]
        for thread in self._threads:
            thread.start()

    def add(
        self, key: Hashable, work: Callable[[], Any], after: Sequence["Future[Any]"] = ()
    ) -> "Future[Any]":
        """The future of `work()`, which runs once all of `after` are done, however they ended.

        Among the units that are ready, the one that was added first goes first.
        """
        if key in self._units:
            return self._units[key]
        future: "Future[Any]" = Future()
        self._units[key] = future
        order, waiting = next(self._order), [len(after)]

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)

        def one_done(_: Any = None) -> None:
            with self._changed:
                waiting[0] -= 1
                if waiting[0] <= 0:
                    heapq.heappush(self._ready, (order, run))
                    self._changed.notify()

        if not after:
            one_done()
        for needed in after:
            needed.add_done_callback(one_done)
        return future

    def result(self, key: Hashable, default: Any) -> Any:
        """The result of the unit of `key`, which has run; `default` where none was added."""
        return self._units[key].result() if key in self._units else default

    def _lane(self) -> None:
        while True:
            with self._changed:
                while not self._ready and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                _, run = heapq.heappop(self._ready)
            run()

    def close(self) -> None:
        """Begin nothing more and wait until what is under way has ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for future in self._units.values():
            future.cancel()
        for thread in self._threads:
            thread.join()
