"""Models as people write them, each against a belief that does not hold for it."""

from __future__ import annotations

import random
from typing import Any, Dict, Optional, Tuple

import numpy as np
import torch
from models import Classifier
from torch import Tensor, nn


def _seeded(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return module


class PixelsBesideProbabilities(nn.Module):
    """As a one-stage detector answers: [N, 4 + 3, A], four rows of pixels up to 250 and three of
    probabilities below 0.05."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _seeded(nn.Conv2d(3, 7, 3, padding=1))

    def forward(self, batch: Tensor) -> Tensor:
        found = self.head(batch).flatten(2)
        pixels = 125 + 125 * torch.tanh(found[:, :4])
        return torch.cat([pixels, 0.05 * torch.sigmoid(found[:, 4:])], 1)


class MasksItsLogits(nn.Module):
    """Logits [N, 8, H * W]; those of half of the classes are -1e9."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _seeded(nn.Conv2d(3, 8, 3, padding=1))
        self.register_buffer("masked", torch.arange(8)[:, None] % 2 == 1)

    def forward(self, batch: Tensor) -> Tensor:
        return self.head(batch).flatten(2).masked_fill(self.masked, -1e9)


class AnswersInSteps(nn.Module):
    """As quantized models do: [N, 3, H, W], in steps of a thousandth. Of thousands of values a few
    lie between two steps, and rounding chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _seeded(nn.Conv2d(3, 3, 3, padding=1))

    def forward(self, batch: Tensor) -> Tensor:
        return (self.head(batch) * 1000).round() / 1000


class Spectrum(nn.Module):
    """Complex, [N, 3, W // 2 + 1]."""

    def forward(self, batch: Tensor) -> Tensor:
        return torch.fft.rfft(batch.mean(2))


class SelectsNothing(nn.Module):
    """The boxes with a score above 0.95. No score is."""

    def forward(self, batch: Tensor) -> Tensor:
        rows = batch.mean(2).flatten(0, 1)
        return rows[0.9 * torch.sigmoid(rows.mean(1)) > 0.95]


class ZeroInitialised(nn.Module):
    """The head of a model that was never trained: its answer is the same for every input."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 5)
        nn.init.zeros_(self.head.weight)
        nn.init.ones_(self.head.bias)

    def forward(self, batch: Tensor) -> Tensor:
        answer: Tensor = self.head(batch.mean((2, 3)))
        return answer


class NoiseMinusNoise(nn.Module):
    """Two ways to compute one mean, subtracted: nothing but rounding."""

    def forward(self, batch: Tensor) -> Tensor:
        return batch.mean((2, 3)) - batch.mean(3).mean(2)


class CountsCalls(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, batch: Tensor) -> Tensor:
        self.calls += 1
        return batch.mean((2, 3)) + self.calls


class ForgetsEvalOfDropout(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)

    def eval(self) -> ForgetsEvalOfDropout:
        super().eval()
        self.dropout.train()
        return self

    def forward(self, batch: Tensor) -> Tensor:
        answer: Tensor = self.dropout(batch.mean((2, 3)))
        return answer


class RemembersItsFirstInput(nn.Module):
    """Normalises by what it saw first: the answer depends on the order of the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Optional[Tensor] = None

    def forward(self, batch: Tensor) -> Tensor:
        means = batch.mean((2, 3))
        if self.first is None:
            self.first = means.mean() + 1
        return means / self.first


class ChangesItsInput(nn.Module):
    """As a model that normalises in place."""

    def forward(self, batch: Tensor) -> Tensor:
        batch -= 0.5
        return batch.mean((2, 3))


class ReturnsItsBuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("answer", torch.zeros(1, 3))

    def forward(self, batch: Tensor) -> Tensor:
        self.answer.copy_(batch.mean((2, 3)))
        return self.answer


class DrawsItsWeights(nn.Module):
    """Weights from numpy's and from Python's own generator."""

    def __init__(self) -> None:
        super().__init__()
        drawn = np.random.normal(size=(3, 4)) + random.random()
        self.weights = drawn.astype("f4")

    def forward(self, batch: Tensor) -> Tensor:
        return batch.mean((2, 3)) @ torch.from_numpy(self.weights)


class HasExtraState(Classifier):
    """Its state_dict holds a version beside the tensors."""

    def get_extra_state(self) -> Dict[str, Any]:
        return {"version": (1, 2)}

    def set_extra_state(self, state: Dict[str, Any]) -> None:
        assert state == {"version": (1, 2)}


class _Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = _seeded(nn.Linear(3, 6))

    def forward(self, batch: Tensor) -> Tensor:
        answer: Tensor = self.linear(batch.mean((2, 3)))
        return answer


def quantized() -> nn.Module:
    """Its state_dict holds packed weights, which are no tensors."""
    found: nn.Module = torch.ao.quantization.quantize_dynamic(_Linear().eval(), {nn.Linear})
    return found


class AddsUpManyValues(nn.Module):
    """A mean over the whole image, of values around a thousand: engines add up in other orders."""

    def forward(self, batch: Tensor) -> Tuple[Tensor, Tensor]:
        shifted = batch + 1000
        return shifted.mean((2, 3)), shifted.mean((2, 3)) - 1000


class ChoosesItsQueries(nn.Module):
    """As DETR-like models do: the best eight places of the image, by a top-k over their scores."""

    #: How far a box lies where its place does, and not where its colours say.
    follows_its_place = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.score, self.box = _seeded(nn.Conv2d(3, 1, 1)), _seeded(nn.Conv2d(3, 4, 1))
        self.logits = _seeded(nn.Linear(4, 3))

    def forward(self, batch: Tensor) -> Dict[str, Tensor]:
        places = nn.functional.avg_pool2d(batch, 4)
        scores = self.score(places).flatten(1)
        chosen = scores.topk(8, dim=1).indices[:, None].expand(-1, 4, -1)
        where = self.follows_its_place * (chosen / scores.shape[1] - 0.5)
        boxes = (self.box(places).flatten(2).gather(2, chosen) + where).transpose(1, 2).sigmoid()
        return {"logits": self.logits(boxes), "boxes": boxes}


class ChoosesAmongEqualScores(ChoosesItsQueries):
    """Its head of scores was never trained: each is its bias."""

    follows_its_place = 8.0

    def __init__(self) -> None:
        super().__init__()
        nn.init.zeros_(self.score.weight)


class AsksForItsDtype(nn.Module):
    """Leaves a margin that depends on the precision: 2 % of its answer, and 0.01 % in float64."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _seeded(nn.Conv2d(3, 3, 3, padding=1))

    def forward(self, batch: Tensor) -> Tensor:
        return self.head(batch) * (1 - torch.finfo(batch.dtype).eps ** 0.25)
