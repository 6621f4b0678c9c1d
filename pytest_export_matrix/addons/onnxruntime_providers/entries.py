"""ONNX Runtime with other providers, as a project registers it: environments and runtimes."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Runtime

_HERE = __name__.rpartition(".")[0]
_OPENVINO, _CUDA = "onnxruntime_openvino", "onnxruntime_cuda"

ONNXRUNTIME_PROVIDERS: Tuple[Entry, ...] = (
    Environment(
        _OPENVINO, python="3.12", requirements=("onnxruntime-openvino==1.24.1", "numpy==2.3.5")
    ),
    Runtime(
        _OPENVINO,
        formats=("onnx",),
        session=f"{_HERE}:OpenVinoSession",
        modules=("onnxruntime",),
        environment=_OPENVINO,
    ),
    Environment(
        _CUDA,
        python="3.12",
        requirements=("onnxruntime-gpu[cuda,cudnn]==1.31.1", "numpy==2.3.5"),
    ),
    Runtime(
        _CUDA,
        formats=("onnx",),
        session=f"{_HERE}:CudaSession",
        modules=("onnxruntime",),
        environment=_CUDA,
    ),
)
