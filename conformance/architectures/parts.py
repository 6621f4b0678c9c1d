"""The part of a detector that is a network alone, from a batch of images to tensors.

Engines that cannot take a detector whole, for its choice of boxes or its regions, are used with
such a part: what is before and after it is the caller's own work.
"""

from __future__ import annotations

import importlib
from typing import Any

from torch import Tensor, nn


def build(name: str, **keywords: Any) -> nn.Module:
    """Of the suite's detector `name`: backbone and heads of a one-stage detector; backbone and the
    head that proposes regions of an R-CNN."""
    model: Any = importlib.import_module(f"conformance.architectures.{name}").build(**keywords)
    two_stages = hasattr(model, "rpn")
    return Part(model.backbone, model.rpn.head if two_stages else model.head).eval()


class Part(nn.Module):
    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """images [N, 3, H, W]: what the transform of a detector makes. One-stage: logits [N, A, C]
        and box deltas [N, A, 4], of FCOS centerness [N, A, 1] as well. R-CNN: logits [N, a, h, w]
        of each level, then deltas [N, 4 * a, h, w]."""
        found = self.head(list(self.backbone(images).values()))
        if isinstance(found, dict):
            return tuple(found.values())
        return tuple(tensor for levels in found for tensor in levels)
