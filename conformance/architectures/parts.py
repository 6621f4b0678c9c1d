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
    return Part(importlib.import_module(f"conformance.architectures.{name}").build(**keywords))


class Part(nn.Module):
    """The weights have the names that they have in the detector."""

    def __init__(self, detector: Any) -> None:
        super().__init__()
        self.backbone = detector.backbone
        if hasattr(detector, "rpn"):
            self.rpn = nn.ModuleDict({"head": detector.rpn.head})
        else:
            self.head = detector.head
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """images [N, 3, H, W]: what the transform of a detector makes. One-stage: logits [N, A, C]
        and box deltas [N, A, 4], of FCOS centerness [N, A, 1] as well. R-CNN: logits [N, a, h, w]
        of each level, then deltas [N, 4 * a, h, w]."""
        head = self.rpn["head"] if hasattr(self, "rpn") else self.head
        found = head(list(self.backbone(images).values()))
        if isinstance(found, dict):
            return tuple(found.values())
        return tuple(tensor for levels in found for tensor in levels)
