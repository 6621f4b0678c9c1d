"""LiteRT, which was TensorFlow Lite, from Python: .tflite files on a CPU.

https://ai.google.dev/edge/litert/inference

It computes in float32 what XNNPACK or its own kernels take. A file has names for its inputs and
outputs, and a shape for each input that Python lets a caller change, whether or not the file was
made for others.
"""

from __future__ import annotations

from typing import Any, Dict, Optional

from pytest_export_matrix.runtimes.onnxruntime import feeds


class Session:
    """The only signature of a file. Its answers are copies, in the order of their numbers."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = Interpreter(model_path=path, num_threads=threads)
        signatures = list(self.interpreter.get_signature_list())
        if len(signatures) != 1:
            raise ValueError(f"the file has {len(signatures)} signatures, not one: {signatures}")
        self.call = self.interpreter.get_signature_runner(signatures[0])
        self.inputs: Dict[str, Any] = self.call.get_input_details()
        self.outputs = sorted(self.call.get_output_details(), key=_place)

    def run(self, arguments: Any) -> Any:
        # litert-torch names them args_0, args_1, ...; other converters, in their order.
        names = sorted(self.inputs, key=_place)
        given = feeds([name.replace("args_", "input_") for name in names], arguments)
        named = dict(zip(names, given.values()))
        for name, array in named.items():
            taken = self.inputs[name]["dtype"]
            if array.dtype != taken:
                raise TypeError(f"input {name} is {array.dtype}, the file takes {taken.__name__}")
        answer = self.call(**named)
        return [answer[name] for name in self.outputs]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"LiteRT's package does not run on {device}"


def _place(name: str) -> Any:
    """Sorts output_10 after output_9, and by its letters what has no number."""
    letters, _, number = name.rpartition("_")
    return (letters, int(number)) if number.isdigit() else (name, -1)
