"""Tiny models that one export method or another cannot export, each for a real reason."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BranchesOnValues(nn.Module):
    """torch.export has no value to branch on."""

    def forward(self, batch: Tensor) -> Tensor:
        if batch.mean() > 0.5:
            return batch.mean(dim=(2, 3))
        return batch.amax(dim=(2, 3))


class RefusesTracing(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        if torch.jit.is_tracing():
            raise NotImplementedError("this model is not to be traced\nscript it")
        return batch.mean(dim=(2, 3))


class IsNotScriptable(nn.Module):
    """torch.jit.script compiles no generator."""

    def forward(self, batch: Tensor) -> Tensor:
        return sum(part.mean(dim=(2, 3)) for part in batch.split(1, dim=1))


class HasNoOnnxOperator(nn.Module):
    """torch.onnx.export that traces knows no such operator."""

    def forward(self, batch: Tensor) -> Tensor:
        return torch.special.bessel_j0(batch.mean(dim=(2, 3)))
