"""The order in which a file is asked shows whether one call leaves something to the next."""

from __future__ import annotations

from typing import List, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix.planning.recipes import Case
from pytest_export_matrix.planning.sequences import calls

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=7)


def cases(*heights: int) -> List[Case]:
    return [Case(((height, 10),), seed) for seed, height in enumerate(heights)]


def holds(order: Sequence[int], part: Sequence[int]) -> bool:
    """Whether `part` stands somewhere in `order`, without anything in between."""
    return any(list(order[i : i + len(part)]) == list(part) for i in range(len(order)))


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        ((5, 5, 5, 5), [0, 1, 2, 3, 0]),
        ((5,), [0, 0]),
        ((1, 9, 1), [0, 1, 2, 1, 0, 1]),
        ((9, 1), [0, 1, 0]),
        ((1, 9), [0, 1, 0, 1]),
        ((5, 9, 1), [0, 1, 2, 1]),
        ((9, 5, 1), [0, 1, 2, 0, 2, 0]),
    ],
)
def test_no_call_is_made_that_the_order_holds_already(
    heights: Sequence[int], expected: List[int]
) -> None:
    assert calls(cases(*heights)) == expected


@given(SIZES)
def test_all_cases_are_asked_in_order_before_any_is_asked_again(heights: List[int]) -> None:
    order = calls(cases(*heights))
    assert order[: len(heights)] == list(range(len(heights)))
    assert 1 <= len(order) - len(heights) <= 3


@given(SIZES)
def test_some_case_is_asked_before_and_after_another_one(heights: List[int]) -> None:
    order = calls(cases(*heights))
    last = order[-1]
    between = order[order.index(last) + 1 : -1]
    assert last in order[:-1] and (len(heights) == 1 or set(between) - {last})


@given(SIZES.filter(lambda heights: len(set(heights)) > 1))
def test_a_large_a_small_and_the_same_large_case_follow_each_other(heights: List[int]) -> None:
    large, small = heights.index(max(heights)), heights.index(min(heights))
    assert holds(calls(cases(*heights)), [large, small, large])


def test_a_batch_of_more_images_is_larger() -> None:
    one, three = Case(((5, 5),), 0), Case(((5, 5), (5, 5), (5, 5)), 1)
    assert calls([one, three]) == [0, 1, 0, 1]
