"""The noise of a model contains the roundings that another engine may make inside of it."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import torch
from torch import nn

from pytest_export_matrix.worker.roundings import roundings

LINES = 100 + torch.rand(4, 8, 5, 6, generator=torch.Generator().manual_seed(0))
FLAT = torch.full((4, 8, 5, 6), 1000.3)


def moved(model: Callable[[Any], Any], given: Any) -> float:
    """How far answers to the same input lie apart where only roundings change."""
    with torch.no_grad():
        answer = model(given)
        drawn = []
        for seed in range(8):
            with roundings(seed):
                drawn.append(model(given))
    return float((torch.stack(drawn) - answer).abs().amax())


@pytest.mark.parametrize(
    "model",
    [
        nn.LayerNorm(6),
        nn.LayerNorm((5, 6), elementwise_affine=False),
        nn.GroupNorm(2, 8),
        nn.InstanceNorm2d(8, affine=True),
    ],
    ids=repr,
)
def test_beside_a_small_spread_a_normalization_moves_by_what_its_mean_is_off(model: Any) -> None:
    with torch.no_grad():
        truth = model.double()(LINES.double())
        error = float((model.float()(LINES) - truth).abs().max())
    assert error / 4 < moved(model, LINES) < 0.01
    # Of flat lines every answer is the error of the mean, in units of the least spread.
    assert 0.01 < moved(model, FLAT) < 1.0


def test_a_mean_that_was_learnt_is_exact() -> None:
    assert moved(nn.BatchNorm2d(8).eval(), LINES) == 0.0


def test_an_answer_that_is_no_sum_and_in_no_range_stays() -> None:
    assert moved(lambda given: given * 2.0, LINES) == 0.0
    assert 0.0 < moved(torch.sigmoid, LINES - 110) < 1e-6
