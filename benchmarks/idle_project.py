"""A project of many cells, whose models are never built."""

from __future__ import annotations

from pathlib import Path

from pytest_export_matrix import Architecture, Registry
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning import matrix
from pytest_export_matrix.runtimes import RUNTIMES

CONFTEST = """
import pytest_export_matrix as em

def pytest_export_matrix_register(registry):
    for i in range({architectures}):
        registry.add(em.Architecture(f"model_{{i}}", build="models:build"))
"""


def write(folder: Path, at_least: int) -> int:
    """Write the project into `folder`. Returns how many cells it has on a device: those that the
    built-in exporters and runtimes make of as many architectures as it takes."""
    architectures = -(-at_least // cells_an_architecture())
    (folder / "conftest.py").write_text(CONFTEST.format(architectures=architectures))
    return architectures * cells_an_architecture()


def cells_an_architecture() -> int:
    registry = Registry()
    for entry in (*EXPORTERS, *RUNTIMES, Architecture("any", build="models:build")):
        registry.add(entry)
    return len(matrix.meant(registry, matrix.all_cells(registry), ["cpu"], foreign=False))
