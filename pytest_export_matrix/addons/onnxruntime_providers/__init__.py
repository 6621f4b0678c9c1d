"""Builds of ONNX Runtime with other execution providers.

https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
https://onnxruntime.ai/docs/execution-providers/OpenVINO-ExecutionProvider.html

What a provider does not take runs in ONNX Runtime itself, as for everyone who uses one.
"""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from pytest_export_matrix.runtimes import onnxruntime
from pytest_export_matrix.vocabulary.outcomes import Failure

OPENVINO = "OpenVINOExecutionProvider"


class CudaSession(onnxruntime.Session):
    """CUDA, by the build for GPUs with NVIDIA's libraries beside it."""

    @staticmethod
    def problem(device: str) -> Optional[str]:
        name = onnxruntime.PROVIDERS["cuda"]
        not_here = None if device == "cuda" else f"{name} does not run on {device}"
        return onnxruntime.problem_of_gpu() or not_here


class OpenVinoSession(onnxruntime.Session):
    """OpenVINO on the CPU, in float32, which is its default there."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        try:
            super().__init__(path, device, threads)
        except Exception as error:
            # The last line is OpenVINO's; names of functions in C++ fill those before.
            *before, last = str(error).strip().splitlines() or [""]
            if not before:
                raise
            raise Failure(f"{OPENVINO} cannot load the file: {last}", detail=str(error)) from error

    @staticmethod
    def provider(device: str, threads: int) -> Tuple[str, Dict[str, str]]:
        return OPENVINO, {
            "device_type": "CPU",
            "precision": "FP32",
            "num_of_threads": str(threads),
        }

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"{OPENVINO} is used on the CPU here, not on {device}"
