"""Which exports of a PyTorch model survive deployment, found out by carrying them out.

The public names; importing this imports neither torch nor pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_export_matrix.compare import Detections, Panoptic, Tensors
from pytest_export_matrix.vocabulary.entries import (
    Architecture,
    Environment,
    Exporter,
    OutputKind,
    Reporter,
    Runtime,
)

if TYPE_CHECKING:
    from pytest_export_matrix.planning.registry import Registry

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


def __getattr__(name: str) -> Any:
    """`Registry`, which is of the parent's side: a worker imports this package without it."""
    if name == "Registry":
        from pytest_export_matrix.planning.registry import Registry

        return Registry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
