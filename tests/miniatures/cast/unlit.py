"""Models with a part that the default inputs do not reach, or that has no one percent."""

from __future__ import annotations

import torch
from strangers import _seeded
from torch import Tensor, nn


class TwoLevels(nn.Module):
    """Answers with its `fine` level; from the mean 0.9 on also with its `coarse` one. The pictures
    of the default inputs are darker."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = _seeded(nn.Conv2d(3, 4, 3, padding=1))
        self.coarse = _seeded(nn.Conv2d(3, 4, 3, padding=1))

    def forward(self, batch: Tensor) -> Tensor:
        bright = (batch.mean() > 0.9).to(batch.dtype)
        return self.fine(batch) + bright * self.coarse(batch)


class ZerosAndIndices(nn.Module):
    """A bias of zeros, which is seen, and a permutation, which has no percent."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _seeded(nn.Conv2d(3, 4, 1))
        nn.init.zeros_(self.head.bias)
        self.register_buffer("order", torch.tensor([2, 0, 3, 1]))

    def forward(self, batch: Tensor) -> Tensor:
        return self.head(batch)[:, self.order]


def inputs_with_a_bright_one(sizes: list[tuple[int, int]], seed: int) -> tuple[Tensor]:
    """Seed 7 is a bright picture, the others are the darker default ones."""
    from pytest_export_matrix.samples import image_batch

    (batch,) = image_batch(sizes, seed)
    return (batch * 0.02 + 0.98 if seed == 7 else batch,)


class DiesWhenDisturbed(nn.Module):
    """Ends its process if its weight is off by more than rounding."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _seeded(nn.Conv2d(3, 4, 1))
        self.was = float(self.head.weight.sum())

    def forward(self, batch: Tensor) -> Tensor:
        import os

        if not torch.jit.is_tracing() and abs(float(self.head.weight.sum()) - self.was) > 1e-4:
            os.abort()
        return self.head(batch)
