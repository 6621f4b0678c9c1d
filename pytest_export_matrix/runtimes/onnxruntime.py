"""ONNX Runtime from Python. https://onnxruntime.ai/docs/api/python/api_summary.html"""

from __future__ import annotations

import sys
from typing import Any, Optional

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class Session:
    """An inference session on one execution provider."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        extensions = sys.modules.get("onnxruntime_extensions")
        if extensions:  # they were asked for
            options.register_custom_ops_library(extensions.get_library_path())
        provider = PROVIDERS[device]
        self.session = onnxruntime.InferenceSession(path, options, providers=[provider])
        used = self.session.get_providers()
        if provider not in used:
            # ONNX Runtime falls back to the CPU without an exception.
            raise RuntimeError(f"asked for {provider}, ONNX Runtime uses {', '.join(used)}")
        self.names = [value.name for value in self.session.get_inputs()]

    def run(self, arguments: Any) -> Any:
        if len(arguments) != len(self.names):
            raise ValueError(f"the file takes {len(self.names)} inputs, {len(arguments)} given")
        return self.session.run(None, dict(zip(self.names, arguments)))

    @staticmethod
    def problem(device: str) -> Optional[str]:
        import onnxruntime

        if PROVIDERS[device] not in onnxruntime.get_available_providers():
            return f"onnxruntime {onnxruntime.__version__} has no {PROVIDERS[device]}"
        return None
