"""Models that run in two versions of PyTorch, named by how they differ there."""

from __future__ import annotations

from typing import Dict, List

import torch
from torch import Tensor, nn

IS_OLD = torch.__version__.startswith("1.")


class Same(nn.Module):
    def __init__(self, layer: str = "stem") -> None:
        super().__init__()
        self.layer = layer
        self.add_module(layer, nn.Conv2d(3, 4, kernel_size=3, padding=1))

    def forward(self, batch: Tensor) -> Tensor:
        layers = dict(self.named_children())
        return layers[self.layer](batch).mean(dim=(2, 3))


class AnswersOtherwise(Same):
    def forward(self, batch: Tensor) -> Tensor:
        return super().forward(batch) * (1.01 if IS_OLD else 1.0)


def answers_as_today(model: nn.Module) -> str:
    model.register_forward_hook(lambda module, inputs, answer: answer / 1.01)
    return "what 1.10 multiplies is divided again"


def renamed() -> nn.Module:
    return Same("old_name" if IS_OLD else "new_name")


def renamed_without_a_word() -> nn.Module:
    return Same("other_name" if IS_OLD else "name")


def renames(names: List[str]) -> Dict[str, str]:
    return {name: name.replace("new_name.", "old_name.") for name in names if "new_name." in name}
