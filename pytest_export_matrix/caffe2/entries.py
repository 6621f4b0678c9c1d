"""What a project registers to have caffe2_tracing in its matrix; this is the table of it.

    from pytest_export_matrix.caffe2.entries import ENTRIES

    def pytest_export_matrix_register(registry):
        for entry in ENTRIES:
            registry.add(entry)

It is not built in: every project would install two gigabytes for it. Files of one format go to
every runtime that takes it, so what PyTorch and ONNX Runtime of today say of Caffe2's operators,
and Caffe2 of a plain ONNX file, are cells as well.
"""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.registry import Entry, Environment, Exporter, Runtime

NAME = "caffe2"
_EXPORTERS = "pytest_export_matrix.exporters.caffe2_tracing"
_RUNTIMES = "pytest_export_matrix.runtimes"
_MODULES = ("torch", "torchvision", "caffe2", "onnx", "onnxoptimizer")


def _exporter(format: str, lower: str, suffix: str) -> Exporter:
    return Exporter(
        "caffe2_tracing",
        format,
        capture=f"{_EXPORTERS}:capture",
        lower=f"{_EXPORTERS}:{lower}",
        suffix=suffix,
        modules=_MODULES,
        environment=NAME,
    )


ENTRIES: Tuple[Entry, ...] = (
    # torch 1.10.2 is the last one with Caffe2 in it, and Python 3.9 the last one it was built for.
    Environment(
        NAME,
        python="3.9",
        requirements=(
            "torch==1.10.2",
            "torchvision==0.11.3",
            "numpy==1.23.5",
            "onnx==1.10.2",
            "onnxoptimizer==0.2.7",
            "protobuf==3.20.3",
            "future",
            "six",
            "setuptools==69.5.1",  # torch imports pkg_resources
            "packaging",
            "safetensors==0.4.5",
        ),
        weights="pytest_export_matrix.caffe2.rename:rename",
    ),
    _exporter("caffe2", "netdef", ".json"),
    _exporter("torchscript", "torchscript", ".pt"),
    _exporter("onnx", "onnx", ".onnx"),
    Runtime(
        "caffe2",
        formats=("caffe2", "onnx"),
        session=f"{_RUNTIMES}.caffe2:Session",
        modules=("torch", "torchvision", "caffe2"),
        environment=NAME,
    ),
    Runtime(
        "pytorch_1_10",
        formats=("torchscript",),
        session=f"{_RUNTIMES}.pytorch_1_10:Session",
        modules=("torch",),
        extras=("torchvision",),
        environment=NAME,
    ),
)
