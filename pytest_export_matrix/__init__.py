"""Find out which exports of a PyTorch model survive deployment, by carrying them out.

Here are the public names. Importing them imports neither torch nor pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_export_matrix.compare import Detections, Panoptic, Queries, Tensors
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
    "Queries",
    "Registry",
    "Reporter",
    "Runtime",
    "Tensors",
]


def __getattr__(name: str) -> Any:
    """Import `Registry` only when it is asked for: a worker imports this package without it."""
    if name == "Registry":
        from pytest_export_matrix.planning.registry import Registry

        return Registry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
