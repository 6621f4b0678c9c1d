"""The reference evaluator of ONNX: each operator as its specification says, in numpy.

https://onnx.ai/onnx/api/reference.html

Nobody deploys it, it takes minutes for a detector. It tells whether a file or an engine is wrong:
where the reference answers as the eager model does, the file is right.
"""

from __future__ import annotations

from typing import Any, Optional

from pytest_export_matrix.runtimes.onnxruntime import feeds


class Session:
    def __init__(self, path: str, device: str, threads: int) -> None:
        from onnx.reference import ReferenceEvaluator

        self.evaluator = ReferenceEvaluator(path)

    def run(self, arguments: Any) -> Any:
        return self.evaluator.run(None, feeds(self.evaluator.input_names, arguments))

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"the reference evaluator does not run on {device}"
