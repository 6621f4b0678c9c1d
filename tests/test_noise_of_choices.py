"""Where rounding chooses (a step, a code, a point), a few elements of eager's answers jump."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_export_matrix.compare.arrays import compare_arrays
from pytest_export_matrix.compare.measuring import measure
from pytest_export_matrix.compare.noise import FARTHER, MARGIN, Noise, pool

STEP = np.float32(0.01)


def stepped(change: float = 1.0) -> Any:
    """[1, 8, 40, 40] in steps, up to a hundred of them."""
    values = np.random.default_rng(0).normal(size=(1, 8, 40, 40)) * 0.3 * change
    return (np.round(values / STEP) * STEP).astype(np.float32)


def smooth() -> Any:
    return np.random.default_rng(1).uniform(0.1, 0.9, (1, 8, 40, 40)).astype(np.float32)


def jumping(array: Any, *places: int, by: float = STEP) -> Any:
    """`array` with the elements at `places` off by `by`."""
    moved = array.copy()
    moved.reshape(-1)[list(places)] += np.float32(by)
    return moved


def rounded(array: Any, seed: int) -> Any:
    return array * (1 + np.random.default_rng(seed).normal(size=array.shape) * 1e-6)


def draws(array: Any) -> list[Any]:
    """Five smooth answers, two of which jump."""
    found = [rounded(array, seed).astype(np.float32) for seed in range(5)]
    return [jumping(found[0], 7, by=0.05), jumping(found[1], 1000, 1001, by=0.03), *found[2:]]


def noise_of(array: Any, others: list[Any], truth: Any = None) -> Noise:
    noise = Noise({"output": [measure(array, others, truth)]})
    pool([noise])
    return noise


def problems(array: Any, actual: Any, noise: Noise) -> list[str]:
    return compare_arrays("output", array, actual, noise)[1]


def test_a_value_that_jumps_allows_nothing_elsewhere() -> None:
    """One of 12,800 allowed all others sixteen steps: ten percent more was taken for right."""
    answer = stepped()
    noise = noise_of(answer, [answer, answer, jumping(answer, 40), answer, answer], answer)
    assert not problems(answer, answer, noise)
    assert not problems(answer, jumping(answer, 40, by=-STEP), noise)
    assert "values outside tolerance" in problems(answer, stepped(1.1), noise)[0]
    assert problems(answer, answer + STEP, noise)


def test_a_channel_in_steps_has_no_noise_of_smooth_channels_beside_it() -> None:
    def beside(steps: Any, seed: int) -> Any:
        return np.concatenate([rounded(smooth(), seed), steps], 1).astype(np.float32)

    answer = stepped()
    others = [beside(jumping(answer, *range(40 * seed, 40 * seed + 40)), seed) for seed in range(5)]
    reference = np.concatenate([smooth(), answer], 1)
    noise = noise_of(reference, others)
    assert not problems(reference, beside(answer, 6), noise)
    assert problems(reference, beside(stepped(1.1), 6), noise)


def test_of_a_thousand_classes_in_steps_a_few_that_jump_allow_nothing_elsewhere() -> None:
    """As a quantized classifier answers: a last dimension whose places have one value each."""
    answer = stepped().reshape(1, -1)[:, :1000]
    others = [jumping(answer, *range(30 * seed, 30 * seed + 30)) for seed in range(5)]
    assert problems(answer, stepped(1.1).reshape(1, -1)[:, :1000], noise_of(answer, others, answer))


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_many_values_that_jump_allow_nothing_elsewhere(share: float) -> None:
    answer = stepped()
    random = np.random.default_rng(2)
    others = [
        jumping(answer, *random.choice(answer.size, int(share * answer.size), replace=False))
        for _ in range(5)
    ]
    assert problems(answer, stepped(1.1), noise_of(answer, others, answer))


def test_a_map_of_zeros_and_ones_may_not_be_another_one_where_a_few_of_its_pixels_jump() -> None:
    answer = (smooth() > 0.5).astype(np.float32)
    noise = noise_of(answer, [answer, np.where(smooth() > 0.5001, 1, 0).astype("f4"), answer])
    assert problems(answer, (smooth() > 0.6).astype(np.float32), noise)


def test_a_file_may_jump_where_eager_does_not_if_eager_jumps_elsewhere() -> None:
    for answer, others in (
        (smooth(), draws(smooth())),
        (stepped(), [stepped(), jumping(stepped(), 5), jumping(stepped(), 3000, 3001)]),
    ):
        noise = noise_of(answer, others)
        figures, found = compare_arrays("output", answer, jumping(answer, 90, 91), noise)
        assert not found
        assert figures["jumps"] == 2
        assert figures["required"] < MARGIN


def test_a_file_may_not_jump_where_eager_never_does() -> None:
    answer = smooth()
    noise = noise_of(answer, [rounded(answer, seed).astype(np.float32) for seed in range(5)])
    assert problems(answer, jumping(answer, 90), noise)
    assert problems(stepped(), jumping(stepped(), 90), noise_of(stepped(), [stepped()] * 5))


def test_a_file_may_not_jump_farther_than_eager() -> None:
    answer = smooth()
    noise = noise_of(answer, draws(answer))
    assert not problems(answer, jumping(answer, 90, by=0.05 * FARTHER * 0.99), noise)
    assert problems(answer, jumping(answer, 90, by=0.05 * FARTHER * 1.01), noise)


def test_a_file_may_not_jump_in_many_more_values_than_eager() -> None:
    answer = smooth()
    noise = noise_of(answer, draws(answer))
    most = MARGIN * 3
    assert not problems(answer, jumping(answer, *range(2000, 2000 + most)), noise)
    assert problems(answer, jumping(answer, *range(2000, 2001 + most)), noise)


def test_noise_that_only_the_truth_shows_is_that_of_the_neighbours_too() -> None:
    """Behind a choice that no rounding changed, eager's answers in float32 are the same."""
    answer = smooth()
    truth = answer.astype(np.float64) * (
        1 + np.random.default_rng(3).normal(size=answer.shape) * 1e-5
    )
    noise = noise_of(answer, [answer] * 5, truth)
    lucky = int(np.abs(truth - answer).argmin())
    assert not problems(answer, jumping(answer, lucky, by=3e-5), noise)
    assert problems(answer, answer * np.float32(1.01), noise)


def moved_by_steps(array: Any, seed: int, share: float = 0.3) -> Any:
    """As one rounding far inside of a quantized model does: a share of the values a step off."""
    random = np.random.default_rng(seed)
    off = (random.random(array.shape) < share) * random.choice([-1, 1], array.shape)
    return array + off.astype(np.float32) * STEP


def test_an_output_in_steps_may_differ_in_as_many_values_as_eager_and_not_in_all() -> None:
    """Sixteen times a step was allowed everywhere."""
    answer = stepped()
    noise = noise_of(answer, [moved_by_steps(answer, seed) for seed in range(5)])
    assert not problems(answer, moved_by_steps(answer, 6), noise)
    assert problems(answer, answer + STEP, noise)
    assert problems(answer, answer * np.float32(1.01), noise)
    assert problems(answer, moved_by_steps(answer, 6, share=0.01) + 3 * STEP, noise)


def test_what_cases_of_two_images_show_is_not_allowed_in_twice_as_many_values_of_one() -> None:
    one, two = stepped()[:, :4], stepped().reshape(2, 4, 40, 40)
    measured = [
        Noise({"output": [measure(each, [moved_by_steps(each, seed) for seed in range(5)], None)]})
        for each in (one, two)
    ]
    pool(measured)
    assert problems(one, one + STEP, measured[0])
    assert problems(two, two + STEP, measured[1])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_values_of_few_digits_are_no_steps(dtype: str) -> None:
    """Roundings of float16 are multiples of the finest one, and no more than roundings."""
    answer = smooth().astype(dtype)
    others = [rounded(answer, seed).astype(dtype) for seed in range(5)]
    assert not measure(answer, others, None).stepped
    few = np.array([[0.1, 0.7, 0.25, 0.4]], dtype)
    assert not measure(few, [few * few.dtype.type(1.01)], None).stepped
