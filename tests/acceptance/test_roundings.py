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


def places_taken(values: Any, **options: Any) -> set[tuple[int, ...]]:
    """The places that `topk` takes, with each of eight seeds."""
    found = set()
    for seed in range(8):
        with torch.no_grad(), roundings(seed):
            answer = values.topk(3, **options)
        assert torch.equal(answer.values, values.gather(options.get("dim", -1), answer.indices))
        found.add(tuple(answer.indices.flatten().tolist()))
    return found


@pytest.mark.parametrize("options", [{}, {"dim": 0}, {"largest": False}, {"sorted": False}])
def test_which_of_equal_values_are_the_largest_is_chance(options: Any) -> None:
    assert len(places_taken(torch.ones(10), **options)) > 1
    assert len(places_taken(torch.ones(10, dtype=torch.int64), **options)) > 1


def test_which_values_are_the_largest_is_no_chance_where_none_are_equal() -> None:
    values = torch.randperm(40, generator=torch.Generator().manual_seed(0)).reshape(2, 20) * 0.5
    assert places_taken(values) == {tuple(values.topk(3).indices.flatten().tolist())}
    assert places_taken(torch.tensor([1.0, 7.0, 7.0, 3.0, 0.0])) == {(1, 2, 3), (2, 1, 3)}


def test_a_topk_into_tensors_and_one_of_a_single_number_stay() -> None:
    out = torch.empty(2), torch.empty(2, dtype=torch.int64)
    with torch.no_grad(), roundings(0):
        torch.topk(torch.tensor([1.0, 3.0, 2.0]), 2, out=out)
        assert torch.topk(torch.tensor(5.0), 1).indices == 0
    assert out[1].tolist() == [1, 2]


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


@pytest.mark.filterwarnings("ignore")
def test_of_a_million_quantized_values_a_few_may_be_the_next_step() -> None:
    """Those that lie in the middle of two steps but for a rounding."""
    values = torch.rand(1_000_000, generator=torch.Generator().manual_seed(0))
    one, other = (
        torch.quantize_per_tensor(each, 0.01, 0, torch.qint8) for each in (values, 1 - values)
    )

    def added(given: Any) -> Any:
        return torch.ops.quantized.add(given, other, 0.013, 3)

    with torch.no_grad(), roundings(0):
        moved_answer = added(one)
    off = (moved_answer.int_repr().int() - added(one).int_repr()).abs()
    assert int(off.max()) == 1
    assert 0 < int(off.sum()) < 100


@pytest.mark.filterwarnings("ignore")
def test_a_quantized_classifier_may_be_off_as_far_as_its_own_steps_and_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a file of it in ONNX Runtime is: one of a thousand values is the next step."""
    quantization = pytest.importorskip("torch.ao.quantization")
    quantizable = pytest.importorskip("torchvision.models.quantization").resnet18
    torch.manual_seed(0)
    pictures = [
        torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(i)) for i in range(3)
    ]
    monkeypatch.setattr(torch.backends.quantized, "engine", "fbgemm")
    model = quantizable(weights=None, quantize=False).eval()
    model.fuse_model()
    model.qconfig = quantization.get_default_qconfig("fbgemm")
    quantization.prepare(model, inplace=True)
    with torch.no_grad():
        model(pictures[0])
    quantized = quantization.convert(model)
    with torch.no_grad():
        eager = EagerModel(quantized, "cpu", again=lambda: copy.deepcopy(quantized))
        found = [eager.answers((each,)) for each in pictures]
    noises = [tensors.measure_answers(each.answer, each.others, None, {}) for each in found]
    pool(noises)
    for each, noise in zip(found, noises):
        answer = each.answer
        step = float(abs(answer[answer != 0]).min())
        assert tensors.compare(answer, answer + step, {}, noise)["problems"]
        assert tensors.compare(answer, answer * 1.01, {}, noise)["problems"]
        next_step = answer.copy()
        next_step[0, 7] += step
        assert not tensors.compare(answer, next_step, {}, noise)["problems"]
