"""What a project registers itself, since each costs minutes or gigabytes; this is the table of it.

    from pytest_export_matrix.on_request import AOT_INDUCTOR, CAFFE2, ONNXRUNTIME_NODE

    def pytest_export_matrix_register(registry):
        for entry in (*AOT_INDUCTOR, *CAFFE2, *ONNXRUNTIME_NODE):
            registry.add(entry)

AOT_INDUCTOR compiles what torch.export has captured, half a minute a file, for C++ and for Python.
ONNXRUNTIME_NODE installs the engine's npm package. CAFFE2 installs two gigabytes: caffe2_tracing,
tracing and scripting in PyTorch 1.10, the last one with Caffe2. Files of one format go to every
runtime that takes it, so what PyTorch and ONNX Runtime of today say of Caffe2's operators, and
Caffe2 of a plain ONNX file, are cells as well.
"""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.entries import Entry, Environment, Exporter, Runtime
from pytest_export_matrix.runtimes import TORCH_PRELOAD
from pytest_export_matrix.runtimes.cmake import COMMANDS

_EXPORTERS = "pytest_export_matrix.exporters"
_RUNTIMES = "pytest_export_matrix.runtimes"

AOT_INDUCTOR: Tuple[Entry, ...] = (
    Exporter(
        "torch_export",
        "aot_inductor",
        capture=f"{_EXPORTERS}.torch_export:capture",
        lower=f"{_EXPORTERS}.torch_export:aot_inductor",
        suffix=".pt2",
        declares=("resolution", "batch"),
        commands=("c++",),
        portable=False,
    ),
    Runtime(
        "aot_inductor",
        formats=("aot_inductor",),
        session=f"{_RUNTIMES}.libtorch:AotInductorSession",
        language="c++",
        modules=("torch",),
        preload=TORCH_PRELOAD,
        extras=("torchvision",),
        program=f"{_RUNTIMES}.libtorch:build_aot_inductor",
        commands=COMMANDS,
        convention="flat",
    ),
    Runtime(
        "aot_inductor_python",
        formats=("aot_inductor",),
        session=f"{_RUNTIMES}.aot_inductor_python:Session",
        modules=("torch",),
        preload=TORCH_PRELOAD,
        extras=("torchvision",),
    ),
)

ONNXRUNTIME_NODE: Tuple[Entry, ...] = (
    Runtime(
        "onnxruntime_node",
        formats=("onnx",),
        session=f"{_RUNTIMES}.onnxruntime_node:Session",
        language="javascript",
        modules=("safetensors",),
        program=f"{_RUNTIMES}.onnxruntime_node:build",
        commands=("node", "npm"),
    ),
)

_CAFFE2 = "caffe2"
_CAFFE2_MODULES = ("torch", "torchvision", "caffe2", "onnx", "onnxoptimizer")


def _caffe2_tracing(format: str, lower: str, suffix: str) -> Exporter:
    return Exporter(
        "caffe2_tracing",
        format,
        capture=f"{_EXPORTERS}.caffe2_tracing:capture",
        lower=f"{_EXPORTERS}.caffe2_tracing:{lower}",
        suffix=suffix,
        modules=_CAFFE2_MODULES,
        environment=_CAFFE2,
        conventions="pytest_export_matrix.caffe2.conventions:resize_as_today",
    )


CAFFE2: Tuple[Entry, ...] = (
    # torch 1.10.2 is the last one with Caffe2 in it, and Python 3.9 the last one it was built for.
    Environment(
        _CAFFE2,
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
        environment=_CAFFE2,
    ),
    Exporter(
        "tracing_1_10",
        "onnx",
        capture=f"{_EXPORTERS}.tracing:flat",
        lower=f"{_EXPORTERS}.tracing:onnx_in_torch_1",
        suffix=".onnx",
        declares=("resolution", "batch"),
        modules=("torch", "onnx"),
        environment=_CAFFE2,
    ),
    Exporter(
        "scripting_1_10",
        "torchscript",
        capture=f"{_EXPORTERS}.scripting:script",
        lower=f"{_EXPORTERS}.scripting:save",
        suffix=".pt",
        needs_inputs=False,
        environment=_CAFFE2,
    ),
    Runtime(
        "caffe2",
        formats=("caffe2", "onnx"),
        session=f"{_RUNTIMES}.caffe2:Session",
        modules=("torch", "torchvision", "caffe2"),
        environment=_CAFFE2,
    ),
    Runtime(
        "pytorch_1_10",
        formats=("torchscript",),
        session=f"{_RUNTIMES}.pytorch_1_10:Session",
        modules=("torch",),
        extras=("torchvision",),
        environment=_CAFFE2,
    ),
    Runtime(
        "libtorch_1_10",
        formats=("torchscript",),
        session=f"{_RUNTIMES}.libtorch_1_10:Session",
        language="c++",
        modules=("torch",),
        extras=("torchvision",),
        environment=_CAFFE2,
        program=f"{_RUNTIMES}.libtorch:build",
        commands=COMMANDS,
    ),
)
