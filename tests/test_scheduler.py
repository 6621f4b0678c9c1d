"""Units run after those they need, in order, several at a time."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest

from pytest_export_matrix.execution.costs import Costs
from pytest_export_matrix.execution.scheduler import (
    ANYWHERE,
    BYTES_A_LANE,
    Scheduler,
    default_lanes,
)
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.planning.recipes import CaptureKey, ExportSpec
from pytest_export_matrix.vocabulary.entries import Eager


def test_units_run_in_order_and_after_the_units_they_need() -> None:
    scheduler, log = Scheduler({ANYWHERE: 1}), []
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
    scheduler, ran = Scheduler({ANYWHERE: 2}), []
    futures = {id(scheduler.add("key", lambda: ran.append(1))) for _ in range(5)}
    scheduler.add("key", lambda: None).result()
    assert (len(futures), ran) == (1, [1])
    scheduler.close()


def test_if_a_unit_fails_the_units_after_it_still_run() -> None:
    scheduler = Scheduler({ANYWHERE: 1})

    def fail() -> Any:
        raise ZeroDivisionError

    failed = scheduler.add("fails", fail)
    after = scheduler.add("after", lambda: "ran", after=[failed])
    assert after.result() == "ran"
    with pytest.raises(ZeroDivisionError):
        failed.result()
    scheduler.close()


def test_lanes_run_at_the_same_time() -> None:
    scheduler, barrier = Scheduler({ANYWHERE: 2}), threading.Barrier(2, timeout=30)
    futures = [scheduler.add(i, barrier.wait) for i in range(2)]
    assert {future.result() for future in futures} == {0, 1}
    scheduler.close()


def test_units_that_wait_for_one_place_leave_the_lanes_of_others_alone() -> None:
    gpu = frozenset({"GPU"})
    scheduler, gate = Scheduler({ANYWHERE: 1, gpu: 1}), threading.Event()
    waiting = [scheduler.add(f"gpu {i}", gate.wait, needs=gpu) for i in range(3)]
    assert scheduler.add("cpu", lambda: "ran").result(timeout=30) == "ran"
    gate.set()
    assert all(future.result(timeout=30) for future in waiting)
    scheduler.close()


def test_closing_cancels_units_that_have_not_begun() -> None:
    scheduler, begun, gate = Scheduler({ANYWHERE: 1}), threading.Event(), threading.Event()
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


def order(costs: Dict[str, float], lanes: int = 1, chains: Sequence[str] = ()) -> List[str]:
    """In which order one lane begins units that were added alphabetically, if the run has `lanes`.
    A unit of `chains`, such as "ab", runs after the one before it."""
    scheduler, log = Scheduler({ANYWHERE: 1}, lambda key: costs.get(str(key), 0.0)), []
    scheduler._lanes = lanes
    gate = threading.Event()
    first = scheduler.add("gate", gate.wait)
    added = {"": first}
    for name in sorted({*costs, *"".join(chains)}):
        before = next((each[each.index(name) - 1] for each in chains if name in each[1:]), "")
        added[name] = scheduler.add(name, partial(log.append, name), after=[added[before]])
    gate.set()
    for future in added.values():
        future.result()
    scheduler.close()
    return log


def test_units_begin_in_the_order_of_the_plan_while_that_costs_no_time() -> None:
    assert order({"a": 1, "b": 9, "c": 2, "d": 3}, lanes=1) == ["a", "b", "c", "d"]
    assert order(dict.fromkeys("abcde", 1), lanes=2) == ["a", "b", "c", "d", "e"]


def test_a_unit_that_takes_as_long_as_all_that_is_left_in_all_lanes_begins_at_once() -> None:
    assert order({"a": 1, "b": 1, "c": 1, "d": 9}, lanes=2)[0] == "d"
    assert order({"a": 1, "b": 1, "c": 1, "d": 2}, lanes=2)[:2] == ["a", "d"]


def test_a_unit_counts_with_the_longest_chain_that_waits_for_it() -> None:
    assert order({"a": 1, "b": 1, "c": 1, "x": 1, "y": 5}, 2, ["xy"])[:2] == ["x", "y"]


def test_units_of_unknown_cost_begin_in_the_order_of_the_plan() -> None:
    assert order({}, 2, ["ad", "bc"]) == ["a", "b", "c", "d"]


def test_what_units_took_is_known_in_the_next_run(tmp_path: Path) -> None:
    capture = CaptureKey("net", "m", "f", Eager(), "cpu", ExportSpec((), frozenset({"a", "b"})))
    costs = Costs(Store(tmp_path), "project")
    for key, seconds in ((capture, 9.0), (("net", "cpu"), 0.1), ("net", 3.0)):
        costs.note(key, seconds)
    costs.keep()
    again = Costs(Store(tmp_path), "project")
    assert [again.of(key) for key in (capture, ("net", "cpu"), "net", "other")] == [9.0, 0, 3.0, 0]
    again.note("net", 4.0)
    again.keep()
    third = Costs(Store(tmp_path), "project")
    assert (third.of(capture), third.of("net")) == (9.0, 4.0)
    assert Costs(Store(tmp_path), "another").of("net") == 0.0


@pytest.mark.parametrize(
    ("cores", "lanes_of_memory", "expected"), [(2, 9, 2), (8, 3, 3), (4, 0, 1), (1, 9, 1)]
)
def test_lanes_are_as_many_as_cores_and_memory_allow(
    cores: int, lanes_of_memory: int, expected: int
) -> None:
    assert default_lanes(cores, lanes_of_memory * BYTES_A_LANE) == expected
