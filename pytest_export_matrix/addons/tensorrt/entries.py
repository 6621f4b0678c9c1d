"""What a project registers for TensorRT: an environment, and a runtime."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Runtime

_HERE = __name__.rpartition(".")[0]
_ENVIRONMENT = "tensorrt"

TENSORRT: Tuple[Entry, ...] = (
    Environment(
        _ENVIRONMENT,
        python="3.12",
        requirements=(
            "onnxruntime-ep-nv-tensorrt-rtx-cu13==0.5.0",
            "onnxruntime==1.32.0",
            "numpy==2.3.5",
        ),
    ),
    Runtime(
        "tensorrt",
        formats=("onnx",),
        session=f"{_HERE}:Session",
        modules=("onnxruntime", "onnxruntime_ep_nv_tensorrt_rtx"),
        environment=_ENVIRONMENT,
        # TensorRT's default where the GPU can. The provider has no option for it.
        precision="tf32",
    ),
)
