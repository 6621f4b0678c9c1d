"""The noise of a model contains the roundings that another engine may make inside of it."""

from __future__ import annotations

import copy
from typing import Any, Callable

import pytest
import torch
from torch import nn
from torchvision.models import mobilenet_v3_small, resnet18
from torchvision.models.segmentation import lraspp_mobilenet_v3_large

from pytest_export_matrix.compare import tensors
from pytest_export_matrix.compare.noise import pool
from pytest_export_matrix.worker.eager import EagerModel, ask
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


@pytest.mark.parametrize("build", [resnet18, mobilenet_v3_small, lraspp_mobilenet_v3_large])
def test_weights_that_were_rounded_to_float16_are_far_outside(build: Any) -> None:
    torch.manual_seed(0)
    named = {"weights_backbone": None} if build is lraspp_mobilenet_v3_large else {}
    model = build(weights=None, **named).eval()
    images = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = EagerModel(model, "cpu").answers((images,))
        noise = tensors.measure_answers(found.answer, found.others, found.truth, {})
        pool([noise])
        rounded = copy.deepcopy(model)
        for parameter in rounded.parameters():
            parameter.copy_(parameter.half())
        compared = tensors.compare(found.answer, ask(rounded, (images,)), {}, noise)
        itself = tensors.compare(found.answer, ask(model, (images,)), {}, noise)
    assert compared["problems"] and not itself["problems"]
    assert min(each["required"] for each in compared["outputs"].values()) > 500
