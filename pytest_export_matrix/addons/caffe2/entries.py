"""What a project registers for Caffe2: an environment of 2021, its exporters and its runtimes."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.runtimes.cmake import COMMANDS
from pytest_export_matrix.vocabulary.entries import Entry, Environment, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]
_EXPORTERS = "pytest_export_matrix.exporters"
_ENVIRONMENT = "caffe2"
#: torch 1.10.2 is the last one with Caffe2 in it, and Python 3.9 the last one it was built for.
PYTHON = "3.9"
TORCH_1_10 = (
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
)
_MODULES = ("torch", "torchvision", "caffe2", "onnx", "onnxoptimizer")
#: A file of today is not promised to load in an engine of 2021; the other way round it is.
_METHODS_OF_2021 = ("caffe2_tracing", "tracing_1_10", "scripting_1_10")


def _caffe2_tracing(format: str, lower: str, suffix: str) -> Exporter:
    return Exporter(
        "caffe2_tracing",
        format,
        capture=f"{_HERE}.exporter:capture",
        lower=f"{_HERE}.exporter:{lower}",
        suffix=suffix,
        modules=_MODULES,
        environment=_ENVIRONMENT,
        conventions=f"{_HERE}.conventions:resize_as_today",
        # Other engines that take the format lack Caffe2's operators.
        runtimes=() if format == "caffe2" else ("caffe2", "pytorch_1_10", "libtorch_1_10"),
    )


CAFFE2: Tuple[Entry, ...] = (
    Environment(
        _ENVIRONMENT, python=PYTHON, requirements=TORCH_1_10, weights=f"{_HERE}.rename:rename"
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
        environment=_ENVIRONMENT,
    ),
    Exporter(
        "tracing_1_10",
        "onnx",
        capture=f"{_EXPORTERS}.tracing:flat",
        lower=f"{_EXPORTERS}.tracing:onnx_in_torch_1",
        suffix=".onnx",
        declares=("resolution", "batch"),
        modules=("torch", "onnx"),
        environment=_ENVIRONMENT,
    ),
    Exporter(
        "scripting_1_10",
        "torchscript",
        capture=f"{_EXPORTERS}.scripting:script",
        lower=f"{_EXPORTERS}.scripting:save",
        suffix=".pt",
        needs_inputs=False,
        environment=_ENVIRONMENT,
    ),
    Runtime(
        "caffe2",
        formats=("caffe2", "onnx"),
        session=f"{_HERE}.runtime:Session",
        modules=("torch", "torchvision", "caffe2"),
        environment=_ENVIRONMENT,
        methods=("caffe2_tracing",),
    ),
    Runtime(
        "pytorch_1_10",
        formats=("torchscript",),
        session=f"{_HERE}.pytorch_1_10:Session",
        methods=_METHODS_OF_2021,
        modules=("torch",),
        extras=("torchvision",),
        environment=_ENVIRONMENT,
    ),
    Runtime(
        "libtorch_1_10",
        formats=("torchscript",),
        session=f"{_HERE}.libtorch_1_10:Session",
        methods=_METHODS_OF_2021,
        language="c++",
        modules=("torch",),
        extras=("torchvision",),
        environment=_ENVIRONMENT,
        program="pytest_export_matrix.runtimes.libtorch:build",
        commands=COMMANDS,
    ),
)
