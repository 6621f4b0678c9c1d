"""The hooks that this plugin calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_export_matrix.planning.registry import Registry


@pytest.hookspec
def pytest_export_matrix_register(registry: Registry) -> None:
    """Add architectures, exporters, runtimes, output kinds and reporters: `registry.add(...)`.

    Called once before the matrix is planned: in conftest.py files, in plugins, and in whatever an
    installed package names under the entry-point group `pytest_export_matrix`.
    """
