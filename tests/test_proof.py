"""Answers that prove nothing are found, whatever a file answers to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from miniatures.noisy import found, images, noise_of

from pytest_export_matrix.compare import Detections, Tensors, tensors
from pytest_export_matrix.compare.answers import KeptCase, compare
from pytest_export_matrix.compare.noise import pool
from pytest_export_matrix.compare.proof import (
    CONSTANT,
    EMPTY,
    NOISY,
    NOT_FINITE,
    imprecise,
    unproven,
)
from pytest_export_matrix.vocabulary.pytrees import flatten


def proofs(*answers: Any, draws: Any = ()) -> dict[str, str]:
    noises = [tensors.measure_answers(a, [d(a) for d in draws], None, {}) for a in answers]
    pool(noises)
    return unproven(list(zip(answers, noises)))


def test_empty_answers_prove_nothing() -> None:
    empty = {"boxes": np.zeros((0, 4), np.float32)}
    assert proofs(empty, empty) == {"boxes": EMPTY}


def test_answers_of_nan_prove_nothing() -> None:
    nan = {"out": np.full(3, np.nan, np.float32)}
    assert proofs(nan, nan) == {"out": NOT_FINITE}


def test_the_same_answer_to_every_input_proves_nothing() -> None:
    one = {"out": images(1), "bias": np.ones(3, np.float32)}
    other = {"out": images(1) * 2, "bias": np.ones(3, np.float32)}
    assert proofs(one, other) == {"bias": CONSTANT}


def test_the_same_answer_for_each_number_of_images_proves_nothing() -> None:
    scores = np.linspace(0, 1, 5, dtype=np.float32)
    one, three = {"out": scores[None]}, {"out": np.stack([scores] * 3)}
    other = {"out": np.stack([scores, scores, scores * 2])}
    assert proofs(one, three, one, three) == {"out": CONSTANT}
    assert proofs(one, three, one, other) == {}
    assert proofs(one, one, three) == {"out": CONSTANT}
    # Nothing can be said of what was shown once.
    assert proofs(one, three) == {}


def test_the_same_answer_at_one_size_proves_nothing_at_a_size_that_was_asked_once() -> None:
    small, large = (np.linspace(0, 1, n, dtype=np.float32)[None] for n in (5, 7))
    assert proofs({"out": small}, {"out": large}, {"out": small}) == {"out": CONSTANT}
    assert proofs({"out": small}, {"out": large}, {"out": small * 2}) == {}
    # A map that is empty at one size, for two pictures, and not at the other.
    empty = np.zeros_like(small)
    assert proofs({"out": empty}, {"out": large}, {"out": empty}) == {}


def test_a_map_of_one_value_at_every_size_proves_nothing() -> None:
    small, large = np.zeros((1, 2, 3), np.float32), np.zeros((1, 4, 5), np.float32)
    assert proofs({"out": small}, {"out": large}) == {"out": CONSTANT}
    assert proofs({"out": small}, {"out": large + 1}) == {}


def test_an_answer_within_its_own_noise_proves_nothing() -> None:
    random = np.random.default_rng(6)
    one, other = ({"out": random.normal(size=20).astype(np.float32)} for _ in range(2))
    assert proofs(one, other, draws=[lambda a: {"out": a["out"] + 1}]) == {"out": NOISY}


def test_an_output_that_rounding_moves_by_a_percent_of_its_range_is_named() -> None:
    answer = {"out": np.linspace(0, 1, 50, dtype=np.float32)}
    off = {"out": answer["out"] + np.float32(0.005)}
    noise = tensors.measure_answers(answer, [off], None, {})
    assert imprecise([(answer, noise)]) == [
        "out: rounding alone moves eager so far that 8% of the range of its values are allowed"
    ]
    assert imprecise([(answer, noise_of(answer))]) == []


def test_a_cell_whose_outputs_all_prove_nothing_says_so() -> None:
    answer = {"a": np.zeros((0, 4), np.float32), "b": np.ones(3, np.float32)}
    leaves, spec = flatten(answer)
    cases = [KeptCase([np.ones(1)], leaves, spec, spec, "") for _ in range(2)]
    compared = compare(cases, [answer, answer], Tensors())
    assert compared.reason == ""
    assert "a is empty for every input; b is the same for every input" in compared.proves_nothing


def test_an_output_that_proves_nothing_beside_one_that_does_is_a_note() -> None:
    cases, answers = [], []
    for factor in (1, 2):
        answers.append([found(0.9, 0.8, shift=factor)])
        leaves, spec = flatten(answers[-1])
        cases.append(KeptCase([np.ones(1)], leaves, spec, spec, ""))
    compared = compare(cases, answers, Detections())
    assert compared.proves_nothing == ""
    assert "labels is the same for every input: it proves nothing" in compared.notes
