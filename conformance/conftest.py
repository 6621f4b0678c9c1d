"""The detection suite: its architectures are the matrix of this repository, Caffe2 included."""

from __future__ import annotations

from conformance.architectures import ARCHITECTURES
from pytest_export_matrix import Registry
from pytest_export_matrix.caffe2.entries import ENTRIES


def pytest_export_matrix_register(registry: Registry) -> None:
    for entry in (*ARCHITECTURES, *ENTRIES):
        registry.add(entry)
