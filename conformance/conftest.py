"""The detection suite: its architectures are the matrix of this repository."""

from __future__ import annotations

from conformance.architectures import ARCHITECTURES
from pytest_export_matrix import Registry


def pytest_export_matrix_register(registry: Registry) -> None:
    for architecture in ARCHITECTURES:
        registry.add(architecture)
