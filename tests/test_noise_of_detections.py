"""Rounding decides about some detections: which may be missing, extra, or in another order."""

from __future__ import annotations

from typing import Any

import pytest
from miniatures.noisy import found

from pytest_export_matrix.compare import detections
from pytest_export_matrix.compare.noise import pool
from pytest_export_matrix.compare.unsure import measure_image


def judge(reference: Any, actual: Any, draws: list[Any], threshold: float = 0.3) -> dict[str, Any]:
    noise = detections.measure_answers([reference], [[draw] for draw in draws], None, {})
    pool([noise])
    return detections.compare([reference], [actual], {"score_threshold": threshold}, noise)


def test_a_detection_that_eager_finds_only_sometimes_may_be_missing() -> None:
    seen, without = found(0.9, 0.8, 0.7), found(0.9, 0.8)
    verdict = judge(seen, without, [without])
    assert verdict["problems"] == []
    assert verdict["notes"] == ["1 missing that eager itself finds only sometimes"]
    assert judge(seen, without, [seen])["problems"]


def test_a_detection_that_eager_finds_only_sometimes_may_be_extra() -> None:
    seen, more = found(0.9, 0.8), found(0.9, 0.8, 0.7)
    assert judge(seen, more, [more])["problems"] == []
    assert judge(seen, more, [seen])["problems"]


def test_the_last_of_a_full_list_may_be_another_one_only_if_eager_itself_is_unsure_of_it() -> None:
    seen = found(0.9, 0.8, 0.7)
    other = {name: array.copy() for name, array in seen.items()}
    other["boxes"][2] += 500
    assert judge(seen, other, [other])["problems"] == []
    assert judge(seen, other, [seen])["problems"]


def test_two_equal_boxes_of_one_class_may_come_in_the_other_order() -> None:
    seen = found(0.9, 0.8)
    seen["boxes"][1] = seen["boxes"][0]
    turned = {name: array[::-1] for name, array in seen.items()}
    assert judge(seen, turned, [seen])["problems"] == []


@pytest.mark.parametrize("lost, another", [(8, True), (7, False)])
def test_where_float64_alone_loses_many_detections_it_is_another_answer(
    lost: int, another: bool
) -> None:
    seen = found(*[0.9] * 20)
    less = {name: array[lost:] for name, array in seen.items()}
    for reference, exact in ((seen, less), (less, seen)):
        noise = measure_image(reference, [reference] * 3, exact, list(reference))
        assert noise.outputs["boxes"][0].another is another
    assert not measure_image(seen, [seen, less], less, list(seen)).outputs["boxes"][0].another
