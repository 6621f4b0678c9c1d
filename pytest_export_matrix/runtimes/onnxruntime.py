"""ONNX Runtime from Python. https://onnxruntime.ai/docs/api/python/api_summary.html"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any, Dict, Optional, Sequence, Tuple

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
#: By default the GPU rounds the inputs of products and convolutions to ten bits (TF32).
OPTIONS = {"cpu": {}, "cuda": {"use_tf32": "0"}}


class Session:
    """An inference session on one execution provider."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        import onnxruntime

        if device == "cuda":
            onnxruntime.preload_dlls()  # of NVIDIA's packages beside it; the loader finds no other
        provider, settings = self.provider(device, threads)
        self.session = onnxruntime.InferenceSession(
            path, options(threads), providers=[(provider, settings)]
        )
        check_used(self.session, provider)
        self.names = [value.name for value in self.session.get_inputs()]

    @staticmethod
    def provider(device: str, threads: int) -> Tuple[str, Dict[str, str]]:
        """The provider and its settings."""
        return PROVIDERS[device], OPTIONS[device]

    def run(self, arguments: Any) -> Any:
        return self.session.run(None, feeds(self.names, arguments))

    @staticmethod
    def problem(device: str) -> Optional[str]:
        import onnxruntime

        if PROVIDERS[device] not in onnxruntime.get_available_providers():
            return f"onnxruntime {onnxruntime.__version__} has no {PROVIDERS[device]}"
        return problem_of_gpu() if device == "cuda" else None


def problem_of_gpu() -> Optional[str]:
    """What ONNX Runtime says when it opens a small model of its own on a GPU."""
    import onnxruntime
    from onnxruntime import datasets

    name = PROVIDERS["cuda"]
    try:
        onnxruntime.preload_dlls()
        example = datasets.get_example("mul_1.onnx")
        session = onnxruntime.InferenceSession(example, providers=[name], enable_fallback=0)
        if name not in session.get_providers():
            # It has only printed why. The loader says it again.
            folder = os.path.join(os.path.dirname(onnxruntime.__file__), "capi")
            ctypes.CDLL(os.path.join(folder, "libonnxruntime_providers_cuda.so"))
        check_used(session, name)
    except Exception as error:
        return f"{name}: {error}"
    return None


def options(threads: int) -> Any:
    """The options of a session, with the operators of onnxruntime_extensions if it is imported."""
    import onnxruntime

    found = onnxruntime.SessionOptions()
    found.intra_op_num_threads = threads
    found.inter_op_num_threads = 1
    extensions = sys.modules.get("onnxruntime_extensions")
    if extensions:  # they were asked for
        found.register_custom_ops_library(extensions.get_library_path())
    return found


def check_used(session: Any, provider: str) -> None:
    """Raise RuntimeError where a session does without the provider that was asked for: ONNX Runtime
    falls back to the CPU without an exception."""
    used = session.get_providers()
    if used[0] != provider:
        raise RuntimeError(f"asked for {provider}, ONNX Runtime uses {', '.join(used)}")


def feeds(names: Sequence[str], arguments: Sequence[Any]) -> Dict[str, Any]:
    """The arguments by the names that the file has for its inputs.

    Our exporters name them input_0, input_1, ... in their order. An argument that the graph does
    not use may be no input of the file, so these names count, not the places. A file with names of
    another exporter takes all arguments in their order. Raises ValueError where neither fits.
    """
    given = {f"input_{i}": argument for i, argument in enumerate(arguments)}
    if all(name in given for name in names):
        return {name: given[name] for name in names}
    if len(names) == len(arguments) and not any(name in given for name in names):
        return dict(zip(names, arguments))
    there, asked = ", ".join(given), ", ".join(names)
    raise ValueError(f"the file takes {len(names)} inputs ({asked}), {len(given)} given ({there})")
