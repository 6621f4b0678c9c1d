"""Which exports of a PyTorch model survive deployment, found out by carrying them out.

The public names; importing this imports neither torch nor pytest.
"""

from __future__ import annotations

from pytest_export_matrix.compare import Detections, Panoptic, Tensors
from pytest_export_matrix.entries import (
    Architecture,
    Environment,
    Exporter,
    OutputKind,
    Reporter,
    Runtime,
)
from pytest_export_matrix.registry import Registry

__all__ = [
    "Architecture",
    "Detections",
    "Environment",
    "Exporter",
    "OutputKind",
    "Panoptic",
    "Registry",
    "Reporter",
    "Runtime",
    "Tensors",
]
