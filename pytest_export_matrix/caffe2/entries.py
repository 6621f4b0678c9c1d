"""What a project registers to have caffe2_tracing in its matrix; this is the table of it.

    from pytest_export_matrix.caffe2.entries import ENTRIES

    def pytest_export_matrix_register(registry):
        for entry in ENTRIES:
            registry.add(entry)

It is not built in: every project would install two gigabytes for it. With it come tracing and
scripting in PyTorch 1.10, the last one with Caffe2. Files of one format go to every runtime that
takes it, so what PyTorch and ONNX Runtime of today say of Caffe2's operators, and Caffe2 of a plain
ONNX file, are cells as well.
"""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.registry import Entry, Environment, Exporter, Runtime

NAME = "caffe2"
_EXPORTERS = "pytest_export_matrix.exporters"
_RUNTIMES = "pytest_export_matrix.runtimes"
_MODULES = ("torch", "torchvision", "caffe2", "onnx", "onnxoptimizer")


def _caffe2_tracing(format: str, lower: str, suffix: str) -> Exporter:
    return Exporter(
        "caffe2_tracing",
        format,
        capture=f"{_EXPORTERS}.caffe2_tracing:capture",
        lower=f"{_EXPORTERS}.caffe2_tracing:{lower}",
        suffix=suffix,
        modules=_MODULES,
        environment=NAME,
        conventions="pytest_export_matrix.caffe2.conventions:resize_as_today",
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
    _caffe2_tracing("caffe2", "netdef", ".json"),
    _caffe2_tracing("torchscript", "torchscript", ".pt"),
    _caffe2_tracing("onnx", "onnx", ".onnx"),
    Exporter(
        "tracing_1_10",
        "torchscript",
        capture=f"{_EXPORTERS}.tracing:trace",
        lower=f"{_EXPORTERS}.tracing:save",
        suffix=".pt",
        environment=NAME,
    ),
    Exporter(
        "tracing_1_10",
        "onnx",
        capture=f"{_EXPORTERS}.tracing:flat",
        lower=f"{_EXPORTERS}.tracing:onnx_in_torch_1",
        suffix=".onnx",
        declares=("resolution", "batch"),
        modules=("torch", "onnx"),
        environment=NAME,
    ),
    Exporter(
        "scripting_1_10",
        "torchscript",
        capture=f"{_EXPORTERS}.scripting:script",
        lower=f"{_EXPORTERS}.scripting:save",
        suffix=".pt",
        needs_inputs=False,
        environment=NAME,
    ),
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
