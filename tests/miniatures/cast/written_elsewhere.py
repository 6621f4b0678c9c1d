"""Tiny models that do what models of other people do: keep tensors, pad, ignore an argument, answer
in a class of a library."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple

import models
import torch
from torch import Tensor, nn
from torch.nn import functional


class KeepsTensors(nn.Module):
    """Keeps the places of its grid until a picture of another shape comes, as YOLO's heads do.

    What it keeps are attributes of the class at first: torch.export does not undo such a change.
    """

    shape: Optional[torch.Size] = None
    places = torch.empty(0)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, kernel_size=3, stride=2, padding=1)

    def forward(self, batch: Tensor) -> Tensor:
        features = self.stem(batch)
        if self.shape != batch.shape:
            height, width = features.shape[2:]
            y = torch.arange(height, dtype=features.dtype) + 0.5
            x = torch.arange(width, dtype=features.dtype) + 0.5
            self.shape, self.places = batch.shape, y[:, None] + 0.1 * x
        return features * self.places


class PadsToSixteen(nn.Module):
    """Pads height and width to multiples of 16, works on patches of 16 x 16, cuts the padding off.

    torch.export on its own takes a patch count of one for a constant; torch.onnx.export does not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 4, kernel_size=16, stride=16)
        self.positions = nn.Parameter(torch.rand(1, 4, 4, 4))

    def forward(self, batch: Tensor) -> Tensor:
        height, width = batch.shape[-2:]
        padded = functional.pad(batch, (0, (16 - width % 16) % 16, 0, (16 - height % 16) % 16))
        features = self.patches(padded)
        grid = features.shape[-2:]
        features = features + functional.interpolate(self.positions, size=grid, mode="bilinear")
        tokens = features.flatten(2).transpose(1, 2)
        mixed = (tokens @ tokens.transpose(1, 2)).softmax(-1) @ tokens
        mixed = mixed.transpose(1, 2).reshape(features.shape)
        return functional.interpolate(mixed, scale_factor=16)[..., :height, :width]


class EncodesFigures(nn.Module):
    """A layer of a transformer over figures of a picture. Without gradients PyTorch fuses it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, batch: Tensor) -> Tensor:
        features = self.stem(batch)
        figures = features.mean((2, 3)), features.amax((2, 3)), features.amin((2, 3))
        return self.layer(torch.stack(figures, 1))


class IgnoresAnArgument(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, kernel_size=3, padding=1)

    def forward(self, batch: Tensor, unused: Tensor, gains: Tensor) -> Tensor:
        return self.stem(batch) * gains[:, None, None]


def batch_and_vectors(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[Tensor, Tensor, Tensor]:
    """A batch, and two vectors. The unused one has another shape than the other."""
    unused, gains = torch.full((7,), float(seed)), torch.arange(1.0, 5.0) + seed
    return (*models.image_batch(sizes, seed), unused, gains)


class EndsInADict(nn.Module):
    """The last argument is a dict, which torch.onnx.export takes for keyword arguments."""

    def forward(self, batch: Tensor, more: Dict[str, Tensor]) -> Tensor:
        return batch.mean(dim=(2, 3)) * more["gain"] + more["bias"]


def batch_and_dict(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[Tensor, Dict[str, Tensor]]:
    more = {"gain": torch.full((3,), 2.0 + seed), "bias": torch.full((3,), 0.5)}
    return (*models.image_batch(sizes, seed), more)


class AnswersInAClass(models.Classifier):
    """Answers in a class that a library defines and registers as a pytree, as transformers does.

    The library is imported where it is needed, so importing this module does not register it.
    """

    def forward(self, batch: Tensor) -> Any:
        from answers_library.answers import Answer

        return Answer(**super().forward(batch))


class AnswersInItsOwnClass(models.Classifier):
    """Answers in a class of the project."""

    def forward(self, batch: Tensor) -> Any:
        from own_answers import OwnAnswer

        return OwnAnswer(**super().forward(batch))
