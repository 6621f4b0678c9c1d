"""The time that is left follows from what the units of work took, before or in this run."""

from __future__ import annotations

from typing import Optional

import pytest

from pytest_export_matrix.execution.time_left import Left, TimeLeft

NEW = 0.0


def test_units_take_what_they_took_before() -> None:
    left = TimeLeft()
    for cost in (100.0, 20.0, 40.0):
        left.add("cell", cost)
    assert (left.left(1), left.left(2)) == (Left(160.0), Left(80.0))


def test_where_the_cache_answers_most_of_what_was_done_before_the_rest_counts_for_less() -> None:
    left = TimeLeft()
    for cost in (100.0, 20.0, 40.0):
        left.add("cell", cost)
    left.end("cell", 100.0, seconds=10.0)
    assert left.left(1) == Left(6.0)


def test_new_units_take_what_those_of_their_kind_took_in_this_run() -> None:
    left = TimeLeft()
    for kind in ("model", "cell", "cell", "cell", "cell"):
        left.add(kind, NEW)
    assert left.left(1) is None  # nothing is known
    left.end("model", NEW, seconds=50.0)
    assert left.left(1) is None  # no cell has ended
    left.end("cell", NEW, seconds=4.0)
    left.end("cell", NEW, seconds=2.0)
    assert left.left(1) == Left(6.0)


def test_kinds_of_which_none_has_ended_make_it_more_than_what_is_known() -> None:
    left = TimeLeft()
    for kind in ("tracing", "tracing", "scripting"):
        left.add(kind, NEW)
    left.end("tracing", NEW, seconds=5.0)
    assert left.left(1) == Left(5.0, at_least=True)
    left.end("scripting", NEW, seconds=7.0)
    assert left.left(1) == Left(5.0)


@pytest.mark.parametrize(("lanes", "seconds"), [(1, 300.0), (2, 150.0), (16, 100.0)])
def test_no_more_lanes_work_than_there_are_units(lanes: int, seconds: Optional[float]) -> None:
    left = TimeLeft()
    for _ in range(3):
        left.add("cell", 100.0)
    assert left.left(lanes) == Left(seconds)


def test_what_the_cache_answers_says_nothing_about_new_work() -> None:
    left = TimeLeft()
    for cost in (10.0, 10.0, NEW, NEW):
        left.add("cell", cost)
    left.end("cell", 10.0, seconds=0.0)
    left.end("cell", 10.0, seconds=0.0)
    left.end("cell", NEW, seconds=8.0)
    assert left.left(1) == Left(8.0)


def test_nothing_is_left_of_a_run_that_has_ended() -> None:
    left = TimeLeft()
    left.add("cell", 3.0)
    left.end("cell", 3.0, seconds=3.0)
    assert left.left(2) == Left(0.0)
