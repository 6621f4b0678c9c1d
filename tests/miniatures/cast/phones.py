"""Small models that engines for phones convert, refuse, or get wrong."""

from __future__ import annotations

from typing import Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class TakesTokens(nn.Module):
    """Takes tokens of int64, and a gain."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, tokens: Tensor, gain: Tensor) -> Tensor:
        return self.head(self.table(tokens)) * gain


def tokens_and_gain(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 10, (len(sizes), 7), generator=generator), torch.arange(1.0, 4.0) + seed


class Attends(nn.Module):
    """A layer of a transformer. Where gradients are off, PyTorch fuses it into one operator."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, kernel_size=8, stride=8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, batch: Tensor) -> Tensor:
        return self.layer(self.patches(batch).flatten(2).transpose(1, 2))


class HasWideKernels(nn.Module):
    """Convolves with kernels that Winograd's algorithm takes large tiles for."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, kernel_size=1)
        self.wide = nn.Conv2d(16, 16, kernel_size=5, padding=2)

    def forward(self, batch: Tensor) -> Tensor:
        return self.wide(self.stem(batch))


class Normalizes(nn.Module):
    """Divides by the norm of the channels: an operator whose axes are an attribute or an input."""

    def forward(self, batch: Tensor) -> Tensor:
        return functional.normalize(batch, dim=1)


class TakesTheLargest(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        return batch.flatten(1).topk(5)[0]


class FindsTheLargest(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        return batch.argmax(1)


class ReplacesNaN(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        return torch.where(torch.isnan(batch), torch.zeros(()), batch)
