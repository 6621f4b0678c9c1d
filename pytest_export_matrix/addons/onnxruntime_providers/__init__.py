"""Builds of ONNX Runtime with other execution providers.

https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
https://onnxruntime.ai/docs/execution-providers/OpenVINO-ExecutionProvider.html

What a provider does not take runs in ONNX Runtime itself, as for everyone who uses one.
"""

from __future__ import annotations

import ctypes
import os
from typing import Dict, Optional, Tuple

from pytest_export_matrix.runtimes import onnxruntime
from pytest_export_matrix.vocabulary.outcomes import Failure

OPENVINO = "OpenVINOExecutionProvider"


class CudaSession(onnxruntime.Session):
    """CUDA, with the libraries of NVIDIA's packages beside it. No test of this repository has run
    a file in it: that takes a GPU."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        import onnxruntime as engine

        engine.preload_dlls()
        super().__init__(path, device, threads)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        """What ONNX Runtime says when it opens a small model of its own on a GPU."""
        import onnxruntime as engine
        from onnxruntime import datasets

        name = onnxruntime.PROVIDERS["cuda"]
        try:
            engine.preload_dlls()
            example = datasets.get_example("mul_1.onnx")
            session = engine.InferenceSession(example, providers=[name], enable_fallback=0)
            if name not in session.get_providers():
                # It has only printed why. The loader says it again.
                folder = os.path.join(os.path.dirname(engine.__file__), "capi")
                ctypes.CDLL(os.path.join(folder, "libonnxruntime_providers_cuda.so"))
            onnxruntime.check_used(session, name)
        except Exception as error:
            return f"{name}: {error}"
        return None if device == "cuda" else f"{name} does not run on {device}"


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
