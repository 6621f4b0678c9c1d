"""Models whose files need operators that the engine alone does not have."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor, nn


@torch.library.custom_op("mine::triple", mutates_args=())
def triple(batch: Tensor) -> Tensor:
    return batch * 3


class CallsItsOwnOperator(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        return torch.ops.mine.triple(batch)


class Suppresses(nn.Module):
    """Calls torchvision's nms: of three boxes two overlap."""

    def __init__(self) -> None:
        super().__init__()
        boxes = [[1.0, 1, 9, 9], [1, 1, 9, 8], [20, 20, 30, 30]]
        self.register_buffer("boxes", torch.tensor(boxes))
        self.register_buffer("scores", torch.tensor([0.9, 0.8, 0.7]))

    def forward(self, batch: Tensor) -> Tensor:
        from torchvision.ops import nms

        boxes = self.boxes * batch.mean()
        return boxes[nms(boxes, self.scores, 0.5)]


class Splits(nn.Module):
    def forward(self, batch: Tensor) -> Tuple[Tensor, Tensor]:
        return batch.clamp(max=0), batch.clamp(min=0)
