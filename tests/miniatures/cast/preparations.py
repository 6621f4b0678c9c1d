"""A model that no graph can be captured of, and preparations of it, named by what they do."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Doubles(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        return 2 * batch


class BranchesOnData(nn.Module):
    """Twice its input, by way of a Python branch that depends on the data."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Doubles()
        self.branches = True

    def forward(self, batch: Tensor) -> Tensor:
        if self.branches and batch.sum() < 0:
            return batch
        return self.inner(batch)


def branches_on_data() -> nn.Module:
    return BranchesOnData()


def takes_no_branch(model: BranchesOnData) -> str:
    model.branches = False
    return "the branch is left out"


class Triples(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        return 3 * batch


def answers_otherwise(model: BranchesOnData) -> str:
    model.branches, model.inner = False, Triples()
    return "it answers thrice its input"


def says_nothing(model: BranchesOnData) -> None:
    model.branches = False


def raises(model: BranchesOnData) -> str:
    raise RuntimeError(f"cannot prepare a {type(model).__name__} with torch {torch.__version__}")
