"""What is allowed follows from eager's own noise, element by element; planted errors are seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniatures.noisy import images, noise_of, rounded

from pytest_export_matrix.compare import tensors
from pytest_export_matrix.compare.arrays import compare_values
from pytest_export_matrix.compare.measuring import measure
from pytest_export_matrix.compare.noise import (
    MARGIN,
    ROUNDINGS,
    Noise,
    margin,
    noise_from,
    pool,
)
from pytest_export_matrix.vocabulary.pytrees import flatten, unflatten

ROUNDING = 2.0**-23


def problems(answer: Any, actual: Any, scale: float = 1.0) -> list[str]:
    found: list[str] = tensors.compare(answer, actual, {}, noise_of(answer, scale))["problems"]
    return found


def detector_output() -> Any:
    """As of a one-stage detector, [1, 84, 60]: four rows of pixels, 80 of small probabilities."""
    random = np.random.default_rng(0)
    pixels = random.uniform(10, 250, (1, 4, 60))
    return np.concatenate([pixels, random.uniform(1e-6, 0.05, (1, 80, 60))], 1).astype(np.float32)


def masked_logits() -> Any:
    logits = np.random.default_rng(1).normal(size=(2, 7, 9)).astype(np.float32)
    logits[:, :, 6:] = -1e9
    return logits


def with_infinities() -> Any:
    scores = np.random.default_rng(2).normal(size=(3, 8)).astype(np.float32)
    scores[:, 5] = -np.inf
    scores[1, 2] = np.nan
    return scores


def spectrum() -> Any:
    random = np.random.default_rng(3)
    return (random.normal(size=(2, 16)) + 1j * random.normal(size=(2, 16))).astype(np.complex64)


SUBJECTS: dict[str, Callable[[], Any]] = {
    "pixels beside probabilities": detector_output,
    "sentinels": masked_logits,
    "infinities and NaN": with_infinities,
    "complex numbers": spectrum,
    "a batch": images,
    "a batch in float64": lambda: images().astype(np.float64),
    "a batch in float16": lambda: images().astype(np.float16),
    "tiny values": lambda: images() * np.float32(1e-20),
    "huge values": lambda: images() * np.float32(1e6),
    "values around a thousand": lambda: images() + np.float32(1000),
    "probabilities": lambda: (1 / (1 + np.exp(-8 * images()))).astype(np.float32),
}


def percent(array: Any) -> Any:
    """One percent; five in float16, whose roundings are a tenth of a percent."""
    return array.dtype.type(0.05 if array.dtype == np.float16 else 0.01)


def off_at(index: Any, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def plant(array: Any) -> Any:
        wrong = array.copy()
        wrong[index] = change(wrong[index])
        return wrong

    return plant


def spread(array: Any) -> Any:
    """The median distance of the ordinary values from their median."""
    usual = np.abs(array)[np.isfinite(array) & (np.abs(array.astype(complex)) < 1e9)]
    return array.dtype.type(max(np.median(np.abs(usual - np.median(usual))), np.median(usual) / 50))


PLANTED: dict[str, Callable[[Any], Any]] = {
    "all off by one percent": lambda a: np.where(
        np.abs(a.astype(complex)) < 1e9, a * (1 + percent(a)), a
    ),
    "one value off by one percent of itself": off_at((0, 1, ...), lambda v: v * (1 + percent(v))),
    "a shift by a tenth of the spread": lambda a: a + a.dtype.type(0.1) * spread(a),
    "one image off by a hundredth of the spread": off_at(
        (-1, ...), lambda v: v + percent(v) * spread(v)
    ),
    "a channel zeroed": off_at((slice(None), 1), lambda v: v * 0),
    "two channels swapped": off_at((slice(None), [1, 2]), lambda v: v[:, ::-1]),
    "the images of a batch swapped": lambda a: a[::-1] if len(a) > 1 else a[..., ::-1],
    "the sign of one value": off_at((0, 1, ...), lambda v: -v),
    "a NaN": off_at((0, 1, ...), lambda v: v * np.nan),
    "an infinity": off_at((0, 1, ...), lambda v: v * np.inf),
    "zeros": lambda a: a * 0,
}


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_deviation_is_seen(subject: str, planted: str) -> None:
    """11 subjects x 11 deviations."""
    answer = SUBJECTS[subject]()
    with np.errstate(invalid="ignore"):
        wrong = PLANTED[planted](answer)
    assert problems({"out": answer}, {"out": wrong})


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("scale", [0, 1, 4])
def test_other_roundings_of_the_same_answer_pass(subject: str, scale: float) -> None:
    answer = SUBJECTS[subject]()
    assert problems({"out": answer}, {"out": rounded(answer, 9, scale)}) == []


def test_probabilities_beside_pixels_have_a_tolerance_of_their_own() -> None:
    """A tolerance for the whole tensor would allow every probability to be zero."""
    answer = detector_output()
    without = answer.copy()
    without[:, 4:] = 0
    (problem,) = problems(answer, without)
    assert problem.startswith("output: 4800 of 5040 values outside tolerance")


def test_a_sentinel_allows_nothing_elsewhere() -> None:
    logits = masked_logits()
    off = np.where(logits > -1e8, logits + np.float32(1e-3), logits)
    assert "84 of 126 values outside" in problems(logits, off)[0]


def test_a_sentinel_of_the_dtype_is_another_one_in_float64_and_means_nothing() -> None:
    lowest = np.array([[1.0, np.finfo(np.float32).min]] * 8, np.float32)
    exact = np.array([[1.0, np.finfo(np.float64).min]] * 8)
    measured = measure(lowest, [], exact)
    assert (measured.noise == 0).all()


#: Numbers of one magnitude.
EVEN = np.random.default_rng(5).uniform(1, 2, (2, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("channels", [8, 2])
def test_what_float64_answers_is_no_truth_where_rounding_does_not_explain_it(channels: int) -> None:
    draws, exact = [rounded(EVEN, seed) for seed in (1, 2, 3)], EVEN.astype(np.float64)
    exact[:, :channels] *= 1.001
    assert measure(EVEN, draws, exact).another


@pytest.mark.parametrize("off", [1e-5, 100.0], ids=["by 80 roundings", "in one value of eight"])
def test_what_float64_answers_may_be_off_a_little_or_in_a_few_values(off: float) -> None:
    draws, exact = [rounded(EVEN, seed) for seed in (1, 2, 3)], EVEN.astype(np.float64)
    exact[..., : 1 if off > 1 else None] += off
    assert not measure(EVEN, draws, exact).another


def test_what_float64_answers_is_the_truth_where_eager_scatters_as_far() -> None:
    draws = [rounded(EVEN, seed, 1e5) for seed in (1, 2, 3)]
    assert not measure(EVEN, draws, EVEN.astype(np.float64) + 0.01).another


def test_what_float64_answers_is_the_truth_where_nothing_says_how_eager_rounds() -> None:
    assert not measure(EVEN, [], EVEN.astype(np.float64) + 0.1).another


def test_the_imaginary_part_is_compared() -> None:
    answer = spectrum()
    assert problems(answer, answer.real.astype(np.complex64))
    assert problems(answer, answer.real + 1.001j * answer.imag)


def test_a_few_of_many_values_may_be_off_further_since_some_noise_is_low_by_chance() -> None:
    assert margin(1) == MARGIN
    assert 25 < margin(40, beyond=1) < 26
    assert 48 <= margin(2_000, beyond=10) < 49
    assert 136 <= margin(1_000_000, beyond=5_000) < 137


def test_what_is_off_in_more_than_a_few_values_is_no_chance() -> None:
    assert margin(2_000, beyond=11) == margin(1_000_000, beyond=5_001) == MARGIN
    assert margin(40, beyond=2) == MARGIN
    answer = np.linspace(1, 2, 4000, dtype=np.float32).reshape(40, 100)
    noise = tensors.measure_answers(answer, [answer + np.float32(1e-3)], None, {})
    pool([noise])
    for rows, passes in ((20, True), (21, False)):
        off = answer.copy()
        off.ravel()[:rows] += np.float32((MARGIN + 4) * 1e-3)
        found = tensors.compare(answer, off, {}, noise)
        assert bool(found["problems"]) is not passes
    assert "21 of 4000 values outside tolerance" in found["problems"][0]


def test_of_a_million_values_of_a_right_answer_none_is_called_wrong() -> None:
    """Each has noise of its own size, which six figures estimate. The engine adds up in another
    order, and is twice as noisy as eager."""
    generator = np.random.default_rng(0)
    size = 2.0 ** generator.uniform(-12, 0, (1, 1000, 1000))
    truth = generator.normal(0, 1, size.shape)

    def answer(noisier: int = 1) -> Any:
        return (truth + noisier * size * generator.normal(0, 1, size.shape)).astype(np.float32)

    reference = answer()
    measured = measure(reference, [answer() for _ in range(5)], truth)
    found = Noise({"out": [measured]})
    pool([found])
    figures, wrong = compare_values("out", reference, answer(2), found, measured)
    assert not wrong and figures["required"] > MARGIN, "by sixteen units some would be"
    off = reference.copy()
    off[size == size.max()] += 500 * size.max()
    assert compare_values("out", reference, off, found, measured)[1], "one wrong value is seen"


def test_an_element_may_be_off_by_sixteen_times_its_noise() -> None:
    answer = np.linspace(1, 2, 64, dtype=np.float32).reshape(8, 8)
    noise = tensors.measure_answers(answer, [answer + np.float32(1e-3)], None, {})
    pool([noise])
    for times, passes in ((MARGIN - 1, True), (MARGIN + 1, False)):
        off = answer + np.float32(times * 1e-3)
        found = tensors.compare(answer, off, {}, noise)
        assert bool(found["problems"]) is not passes
        assert found["outputs"]["output"]["required"] == pytest.approx(times, rel=0.01)


def test_the_figures_say_how_far_the_file_and_eager_are_from_the_truth() -> None:
    answer = np.ones((4, 4), np.float32)
    noise = tensors.measure_answers(answer, [], answer.astype(np.float64) + 1e-6, {})
    pool([noise])
    found = tensors.compare(answer, answer + np.float32(3e-6), {}, noise)["outputs"]["output"]
    assert found["noise"] == pytest.approx(1e-6)
    assert found["truth"] == pytest.approx(2e-6, rel=0.05)
    assert found["max_abs"] == pytest.approx(3e-6, rel=0.05)


def test_an_engine_of_lower_precision_is_judged_by_the_roundings_of_that() -> None:
    answer = np.linspace(1, 2, 64, dtype=np.float32).reshape(8, 8)
    noise = noise_of(answer)
    off = answer.astype(np.float16).astype(np.float32)
    assert tensors.compare(answer, off, {}, noise)["problems"]
    noise.rounding = ROUNDINGS["float16"]
    assert tensors.compare(answer, off, {}, noise)["problems"] == []
    assert tensors.compare(answer, answer * np.float32(1.1), {}, noise)["problems"]


def test_noise_of_zero_by_chance_does_not_fail_a_right_answer() -> None:
    """Three draws agree in one element by accident; its neighbours tell what is usual."""
    answer = np.random.default_rng(5).normal(size=(4, 50)).astype(np.float32)
    near = answer + np.float32(1e-5)
    near[0, 7] = answer[0, 7]
    noise = tensors.measure_answers(answer, [near], None, {})
    pool([noise])
    assert tensors.compare(answer, answer + np.float32(5e-5), {}, noise)["problems"] == []


def test_integers_may_differ_only_where_rounding_decides() -> None:
    classes = np.arange(400).reshape(20, 20) % 7
    unsure = classes.copy()
    unsure[0, :3] += 1
    noise = tensors.measure_answers(classes, [unsure], None, {})
    pool([noise])
    assert tensors.compare(classes, unsure, {}, noise)["problems"] == []
    some, many = classes.copy(), classes.copy()
    some[5, :4] += 1
    many[5, :] += 1
    assert tensors.compare(classes, some, {}, noise)["problems"] == []
    assert tensors.compare(classes, many, {}, noise)["problems"]
    assert tensors.compare(classes, some, {})["problems"]


def test_few_integers_may_not_differ_at_all_where_eager_is_sure_of_them() -> None:
    labels, unsure = np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])
    noise = tensors.measure_answers(labels, [unsure], None, {})
    assert tensors.compare(labels, np.array([1, 2, 7, 4]), {}, noise)["problems"]


def test_another_dtype_is_said_beside_the_values() -> None:
    wide = np.arange(6)
    narrow = wide.astype(np.int32)
    assert tensors.compare(wide, narrow, {})["problems"] == ["output: dtype int32, expected int64"]
    narrow[3] = 9
    assert tensors.compare(wide, narrow, {})["problems"] == [
        "output: dtype int32, expected int64",
        "output: 1 of 6 values differ",
    ]


@given(st.integers(0, 10_000))
def test_noise_survives_being_taken_apart_and_put_together(seed: int) -> None:
    answer = np.random.default_rng(seed).normal(size=(3, 4)).astype(np.float32)
    noise = noise_of({"a": answer, "b": [answer * 2]})
    leaves, spec = flatten(noise)
    again = noise_from(unflatten(leaves, spec))
    assert flatten(again)[1]["dict"][0] == spec["dict"][0]
    assert (again.outputs["b.0"][0].noise == noise.outputs["b.0"][0].noise).all()
