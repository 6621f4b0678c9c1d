"""A model whose weights and whose threshold follow from data, found out once and slowly."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import torch

LOG = Path("calibrations.log")


class Thresholded(torch.nn.Module):
    """Means of the channels, scaled; those below the threshold are zero."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.zeros(3))
        self.threshold = 1e9

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        means = images.mean((2, 3)) * self.scale
        return torch.where(means > self.threshold, means, torch.zeros_like(means))


def calibrate(model: Thresholded) -> Dict[str, float]:
    with LOG.open("a", encoding="utf-8") as log:
        log.write("calibrated\n")
    with torch.no_grad():
        model.scale.copy_(torch.tensor([1.0, 2.0, 3.0]))
    return {"threshold": 0.25}
