"""OpenVINO from Python, on a CPU.

https://docs.openvino.ai/2026/openvino-workflow/running-inference.html
https://docs.openvino.ai/2026/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device.html

By default OpenVINO computes in what the processor is fastest in, bfloat16 where it has instructions
for it; `Float32Session` asks for float32.
"""

from __future__ import annotations

import warnings
from typing import Any, Dict, Optional

from pytest_export_matrix.runtimes.onnxruntime import feeds


class Session:
    """A compiled model and one inference request, in the precision that OpenVINO chooses."""

    config: Dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, path: str, device: str, threads: int) -> None:
        import openvino

        core = openvino.Core()
        config = {"INFERENCE_NUM_THREADS": threads, **self.config}
        compiled = core.compile_model(path, "CPU", config)
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if precision != "f32":
            text = f"OpenVINO computes in {precision} here: INFERENCE_PRECISION_HINT was left to it"
            warnings.warn(text, stacklevel=2)
        self.request = compiled.create_infer_request()
        self.names = [port.get_any_name() for port in compiled.inputs]
        self.outputs = len(compiled.outputs)

    def run(self, arguments: Any) -> Any:
        answer = self.request.infer(feeds(self.names, arguments))
        return [answer[i] for i in range(self.outputs)]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"OpenVINO does not run on {device}"


class Float32Session(Session):
    config = {"INFERENCE_PRECISION_HINT": "f32"}  # noqa: RUF012
