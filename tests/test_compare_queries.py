"""Queries are compared as a set where they tie, and in no other respect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix import Queries
from pytest_export_matrix.compare.noise import Noise, pool
from pytest_export_matrix.compare.proof import NOISY, unproven
from pytest_export_matrix.compare.queries import assign, compare, measure_answers
from pytest_export_matrix.vocabulary.errors import UsageError

OPTIONS = Queries("logits", "boxes").options
Answer = dict[str, Any]


def answer(seed: int = 0, images: int = 2, queries: int = 12) -> Answer:
    random = np.random.default_rng(seed)
    return {
        "logits": random.normal(size=(images, queries, 5)).astype(np.float32),
        "boxes": random.uniform(size=(images, queries, 4)).astype(np.float32),
        "image": random.normal(size=(images, 7)).astype(np.float32),
    }


def in_order(original: Answer, order: Any, image: int = 0) -> Answer:
    """The answer with the queries of one image in another order."""
    turned = {name: array.copy() for name, array in original.items()}
    for name in ("logits", "boxes"):
        turned[name][image] = original[name][image][order]
    return turned


def off(original: Answer, name: str, index: Any, by: float) -> Answer:
    wrong = {each: array.copy() for each, array in original.items()}
    wrong[name][index] += np.float32(by)
    return wrong


def noise_of(original: Answer, *draws: Answer) -> Noise:
    noise = measure_answers(original, draws or [off(original, "boxes", ..., 1e-6)], None, OPTIONS)
    pool([noise])
    return noise


def problems(original: Answer, actual: Answer, *draws: Answer) -> list[str]:
    found: list[str] = compare(original, actual, OPTIONS, noise_of(original, *draws))["problems"]
    return found


@given(st.permutations(range(12)))
def test_another_order_of_the_queries_is_the_same_answer(order: list[int]) -> None:
    assert problems(answer(), in_order(answer(), order, image=1)) == []


def test_the_queries_of_another_image_are_another_answer() -> None:
    turned = {name: array[::-1] for name, array in answer().items()}
    assert problems(answer(), turned)


@pytest.mark.parametrize("name", ["logits", "boxes", "image"])
def test_one_value_that_is_off_fails_in_any_order(name: str) -> None:
    wrong = off(answer(), name, (0, 3), 0.01)
    assert f"{name}: " in problems(answer(), wrong)[0]
    assert problems(answer(), in_order(wrong, np.arange(12)[::-1]))


def test_boxes_that_are_exchanged_while_their_logits_are_not_fail() -> None:
    original = answer()
    wrong = {**original, "boxes": in_order(original, np.arange(12)[::-1])["boxes"]}
    assert problems(original, wrong)


def test_a_query_that_is_answered_twice_in_place_of_another_fails() -> None:
    assert problems(answer(), in_order(answer(), [0, 0, *range(2, 12)]))


def test_a_query_that_eager_itself_chooses_only_sometimes_may_be_another_one() -> None:
    original, other = answer(), off(answer(), "boxes", (0, 11), 0.5)
    found = compare(original, other, OPTIONS, noise_of(original, other))
    assert found["problems"] == []
    assert found["notes"] == ["1 queries that eager itself chooses only sometimes"]
    assert problems(original, other)


def test_answers_whose_queries_all_tie_prove_nothing() -> None:
    answers = [answer(1), answer(2)]
    noises = [noise_of(each, answer(9)) for each in answers]
    assert unproven(list(zip(answers, noises)))["boxes"] == NOISY


def test_where_float64_alone_has_other_queries_it_is_another_answer() -> None:
    seen, other = answer(), off(answer(), "boxes", ..., 0)
    for name in ("logits", "boxes"):
        other[name][:, :4] = answer(1)[name][:, :4]
    for draws, another in (([seen, seen], True), ([seen, other], False)):
        noise = measure_answers(seen, draws, other, OPTIONS)
        assert noise.outputs["logits"][0].another is another


def test_fewer_queries_fail_with_their_shapes() -> None:
    fewer = {name: array[:, :6] for name, array in answer().items()}
    assert "logits: shape [2, 6, 5], expected [2, 12, 5]" in problems(answer(), fewer)


def test_an_output_that_is_not_there_is_named() -> None:
    found = compare(answer(), answer(), {"outputs": ["pred_logits"]})
    assert "no output pred_logits among logits, boxes, image" in found["problems"][0]
    with pytest.raises(UsageError, match="have to be named"):
        Queries()


@given(st.integers(1, 8), st.integers(0, 999))
def test_each_query_is_assigned_once(count: int, seed: int) -> None:
    costs = np.random.default_rng(seed).uniform(size=(count, count))
    assert sorted(assign(costs, 0.1)) == list(range(count))
