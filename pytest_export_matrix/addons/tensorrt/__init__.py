"""TensorRT for RTX, as a plugin provider of ONNX Runtime. No test of this repository has run a file
in it: that takes a GPU that it supports.

https://github.com/NVIDIA/TensorRT-RTX-EP-ABI
https://onnxruntime.ai/docs/execution-providers/plugin-ep-libraries/usage.html

What TensorRT does not take runs in ONNX Runtime itself.
"""

from __future__ import annotations

from typing import Any, Optional

from pytest_export_matrix.runtimes import onnxruntime


class Session(onnxruntime.Session):
    """An inference session on the first GPU that the provider knows."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        self.session = _opened(path, threads)
        self.names = [value.name for value in self.session.get_inputs()]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        """What the provider says when it opens a small model that ONNX Runtime has with it."""
        from onnxruntime import datasets

        try:
            _opened(datasets.get_example("mul_1.onnx"), threads=1)
        except Exception as error:
            return f"TensorRT for RTX: {error}"
        return None if device == "cuda" else f"TensorRT does not run on {device}"


def _opened(path: str, threads: int) -> Any:
    """A session. Raises RuntimeError where it would do without TensorRT."""
    import onnxruntime as engine
    import onnxruntime_ep_nv_tensorrt_rtx as plugin

    name = plugin.get_ep_name()
    if all(each.ep_name != name for each in engine.get_ep_devices()):
        engine.register_execution_provider_library(name, plugin.get_library_path())
    devices = [each for each in engine.get_ep_devices() if each.ep_name == name]
    if not devices:
        raise RuntimeError(f"{name} knows none of the devices of this machine")
    options = onnxruntime.options(threads)
    options.add_provider_for_devices(devices[:1], {})
    session = engine.InferenceSession(path, options)
    onnxruntime.check_used(session, name)
    return session
