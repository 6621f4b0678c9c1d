"""The suite's models, and parts of them, in engines that people deploy to: a matrix of its own."""

from __future__ import annotations

from conformance.architectures.table import ARCHITECTURES, PARTS
from conformance.engines.engines import ENGINES
from pytest_export_matrix import Registry, Reporter


def pytest_export_matrix_register(registry: Registry) -> None:
    report = Reporter("engines", "engines.md", "conformance.engines.engines:render")
    for entry in (*ARCHITECTURES, *PARTS, *ENGINES, report):
        registry.add(entry)
