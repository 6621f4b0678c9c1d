"""Tiny models, named by behaviour. A runtime worker can never import this module."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from typing import Dict, List, NoReturn, Sequence, Tuple

import helpers
import torch
from torch import Tensor, nn

#: Mean colour of picture 0, 1, 2; picture 3 is black, and nothing is detected in it.
COLOURS = ((0.9, 0.2, 0.5), (0.3, 0.8, 0.4), (0.5, 0.6, 0.9))


def picture(height: int, width: int, index: int) -> Tensor:
    if index % 4 == 3:
        return torch.zeros(3, height, width)
    noise = torch.rand(3, height, width, generator=torch.Generator().manual_seed(index))
    return 0.1 * noise + torch.tensor(COLOURS[index % 4])[:, None, None]


def image_list(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[List[Tensor]]:
    return ([picture(height, width, seed + i) for i, (height, width) in enumerate(sizes)],)


def image_batch(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[Tensor]:
    return (torch.stack(image_list(sizes, seed)[0]),)


class Detector(nn.Module):
    """An image has five places. The score of a place is its affinity to the mean colour; it is
    detected if the score exceeds the threshold."""

    def __init__(self, threshold: float = 0.55) -> None:
        super().__init__()
        self.threshold = threshold
        places = [
            [0.05, 0.10, 0.35, 0.30],
            [0.40, 0.05, 0.90, 0.25],
            [0.10, 0.45, 0.30, 0.95],
            [0.50, 0.40, 0.95, 0.60],
            [0.45, 0.70, 0.70, 0.90],
        ]
        affinities = [[3, -2, 0.5], [-2, 3, 0.5], [1, 1, 1], [0.5, -1, 2], [2, 1, -3]]
        self.register_buffer("places", torch.tensor(places))
        self.register_buffer("affinities", torch.tensor(affinities, dtype=torch.float32))
        self.register_buffer("classes", torch.tensor([1, 2, 1, 3, 2]))

    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        found: List[Dict[str, Tensor]] = []
        for image in images:
            found.append(self.detect(image))
        return found

    def detect(self, image: Tensor) -> Dict[str, Tensor]:
        scores = torch.sigmoid(self.affinities @ image.mean(dim=(1, 2)))
        x = self.places[:, 0::2] * image.shape[2]
        y = self.places[:, 1::2] * image.shape[1]
        boxes = torch.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], dim=1) + scores[:, None]
        kept = torch.nonzero(scores > self.threshold).squeeze(1)
        return {"boxes": boxes[kept], "labels": self.classes[kept], "scores": scores[kept]}


class DetectsNothing(Detector):
    def __init__(self) -> None:
        super().__init__(threshold=2.0)


class Classifier(nn.Module):
    """Two outputs of one shape, [N, 4]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, kernel_size=3, padding=1)

    def forward(self, batch: Tensor) -> Dict[str, Tensor]:
        features = self.stem(batch) * helpers.GAIN
        return {"mean": features.mean(dim=(2, 3)), "largest": features.amax(dim=(2, 3))}


class BranchesOnBatch(nn.Module):
    """A tracer records the branch that it saw."""

    def forward(self, batch: Tensor) -> Tensor:
        if batch.shape[0] == 2:
            return batch.mean(dim=(2, 3))
        return batch.amax(dim=(2, 3))


class BakesItsHeight(nn.Module):
    """A tracer records `int(...)` as a constant."""

    def forward(self, batch: Tensor) -> Tensor:
        return batch.sum(dim=(2, 3)) / int(batch.shape[2])


class AnswersNaN(Classifier):
    def forward(self, batch: Tensor) -> Dict[str, Tensor]:
        return {name: output * float("nan") for name, output in super().forward(batch).items()}


class Warns(Classifier):
    def forward(self, batch: Tensor) -> Dict[str, Tensor]:
        warnings.warn("these weights are from 2019", stacklevel=2)
        return super().forward(batch)


class PrintsMegabytes(Classifier):
    def forward(self, batch: Tensor) -> Dict[str, Tensor]:
        sys.stdout.write("model chatter\n" * 200_000)
        return super().forward(batch)


class SegfaultsInEager(Classifier):
    def forward(self, batch: Tensor) -> Dict[str, Tensor]:
        ctypes.string_at(0)
        return super().forward(batch)


def exits() -> NoReturn:
    os._exit(0)


def calls_sys_exit() -> NoReturn:
    sys.exit(0)


def raises() -> NoReturn:
    raise LookupError("no weights of that name")


def returns_no_module() -> str:
    return "a model"


NOT_A_FUNCTION = 3


def no_tuple(sizes: Sequence[Tuple[int, int]], seed: int) -> Tensor:
    return image_batch(sizes, seed)[0]


def words(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[str]:
    return ("cat",)


def wrong_shape(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[Tensor]:
    return (torch.zeros(1, 5, 4, 4),)


def fails_the_first_time() -> nn.Module:
    from sessions import tries

    if tries("builds") == 1:
        raise RuntimeError("not this time")
    return Classifier()
