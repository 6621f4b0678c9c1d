"""LiteRT, which was TensorFlow Lite, from Python: .tflite files on a CPU, in float32.

https://ai.google.dev/edge/litert/inference

litert-torch names the inputs args_0, args_1, ... and the outputs output_0, output_1, ... in their
order. LiteRT lists these names as a dictionary would, args_10 before args_2. Files of another
converter have other names, which do not say an order: they are refused.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional


class Session:
    """The only signature of a file. Its answers are copies."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        # The signature is of use as long as its interpreter is kept.
        self.interpreter = Interpreter(model_path=path, num_threads=threads)
        signatures = list(self.interpreter.get_signature_list())
        if len(signatures) != 1:
            raise ValueError(f"the file has {len(signatures)} signatures, not one: {signatures}")
        self.signature = self.interpreter.get_signature_runner(signatures[0])
        self.inputs: Dict[str, Any] = self.signature.get_input_details()
        self.outputs = numbered("output", list(self.signature.get_output_details()))

    def run(self, arguments: Any) -> Any:
        names = numbered("args", list(self.inputs))
        if len(names) != len(arguments):
            raise ValueError(f"the file takes {len(names)} inputs, {len(arguments)} given")
        given = dict(zip(names, arguments))
        for name, array in given.items():
            taken = self.inputs[name]["dtype"]
            if array.dtype != taken:
                raise TypeError(f"input {name} is {array.dtype}, the file takes {taken.__name__}")
        answer = self.signature(**given)
        return [answer[name] for name in self.outputs]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"LiteRT's package does not run on {device}"


def numbered(word: str, names: List[str]) -> List[str]:
    """The `names` in the order of their numbers. Raises ValueError unless they are `word`_0,
    `word`_1, ..."""
    wanted = [f"{word}_{i}" for i in range(len(names))]
    if sorted(names) != sorted(wanted):
        raise ValueError(f"the file calls them {', '.join(names)}, not {', '.join(wanted)}")
    return wanted
