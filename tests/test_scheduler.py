"""Units run after those they need, in order, several at a time."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from typing import Any

import pytest

from pytest_export_matrix.execution.scheduler import BYTES_A_LANE, Scheduler, default_lanes


def test_units_run_in_order_and_after_the_units_they_need() -> None:
    scheduler, log = Scheduler(1), []
    gate = threading.Event()
    first = scheduler.add("first", gate.wait)
    needed = scheduler.add("needed", lambda: log.append("needed"), after=[first])
    scheduler.add("needs", lambda: log.append("needs"), after=[needed])
    last = scheduler.add("last", lambda: log.append("last"))
    gate.set()
    last.result()
    scheduler.add("end", lambda: None, after=[last]).result()
    assert log == ["needed", "needs", "last"]
    scheduler.close()


def test_a_unit_that_is_added_several_times_runs_once() -> None:
    scheduler, ran = Scheduler(2), []
    futures = {id(scheduler.add("key", lambda: ran.append(1))) for _ in range(5)}
    scheduler.add("key", lambda: None).result()
    assert (len(futures), ran) == (1, [1])
    scheduler.close()


def test_if_a_unit_fails_the_units_after_it_still_run() -> None:
    scheduler = Scheduler(1)

    def fail() -> Any:
        raise ZeroDivisionError

    failed = scheduler.add("fails", fail)
    after = scheduler.add("after", lambda: "ran", after=[failed])
    assert after.result() == "ran"
    with pytest.raises(ZeroDivisionError):
        failed.result()
    scheduler.close()


def test_lanes_run_at_the_same_time() -> None:
    scheduler, barrier = Scheduler(2), threading.Barrier(2, timeout=30)
    futures = [scheduler.add(i, barrier.wait) for i in range(2)]
    assert {future.result() for future in futures} == {0, 1}
    scheduler.close()


def test_closing_cancels_units_that_have_not_begun() -> None:
    scheduler, begun, gate = Scheduler(1), threading.Event(), threading.Event()
    running = scheduler.add("running", lambda: begun.set() or gate.wait())
    begun.wait()
    waiting = scheduler.add("waiting", lambda: None)
    closer = threading.Thread(target=scheduler.close)
    closer.start()
    with pytest.raises(CancelledError):
        waiting.result(timeout=30)
    gate.set()
    closer.join()
    assert running.result() is True


@pytest.mark.parametrize(
    ("cores", "lanes_of_memory", "expected"), [(2, 9, 2), (8, 3, 3), (4, 0, 1), (1, 9, 1)]
)
def test_lanes_are_as_many_as_cores_and_memory_allow(
    cores: int, lanes_of_memory: int, expected: int
) -> None:
    assert default_lanes(cores, lanes_of_memory * BYTES_A_LANE) == expected
