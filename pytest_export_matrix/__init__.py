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
    from pytest_export_matrix.pytest_run.checking import check

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
    "check",
]


def __getattr__(name: str) -> Any:
    """Import what a worker must not: it imports this package without pytest."""
    if name == "Registry":
        from pytest_export_matrix.planning.registry import Registry

        return Registry
    if name == "check":
        from pytest_export_matrix.pytest_run.checking import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
