"""The detection suite: its architectures and all runtimes are the matrix of this repository."""

from __future__ import annotations

from conformance.architectures.table import ARCHITECTURES
from pytest_export_matrix import Registry
from pytest_export_matrix.on_request import AOT_INDUCTOR, CAFFE2, ONNXRUNTIME_NODE

#: Matrices of their own.
collect_ignore = ["cuda", "detectors", "detectron2", "engines", "findings"]


def pytest_export_matrix_register(registry: Registry) -> None:
    for entry in (*ARCHITECTURES, *CAFFE2, *AOT_INDUCTOR, *ONNXRUNTIME_NODE):
        registry.add(entry)
