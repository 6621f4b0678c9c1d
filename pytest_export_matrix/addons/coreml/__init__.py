"""Core ML from Python. It runs on macOS alone; models are converted for it everywhere.

https://apple.github.io/coremltools/docs-guides/source/model-prediction.html
"""

from __future__ import annotations

import importlib
from typing import Any, Optional

from pytest_export_matrix.runtimes.onnxruntime import feeds

#: The part of coremltools that calls Core ML. Its packages for other systems come without it.
ENGINE = "coremltools.libcoremlpython"


class Session:
    """A model on the CPU. Core ML has no setting for its threads."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        import coremltools

        self.model = coremltools.models.MLModel(
            path, compute_units=coremltools.ComputeUnit.CPU_ONLY
        )
        description = self.model.get_spec().description
        self.inputs = [each.name for each in description.input]
        self.outputs = [each.name for each in description.output]

    def run(self, arguments: Any) -> Any:
        answer = self.model.predict(feeds(self.inputs, arguments))
        return [answer[name] for name in self.outputs]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        if device != "cpu":
            return f"Core ML does not run on {device}"
        try:
            importlib.import_module(ENGINE)
        except ImportError as error:
            return f"coremltools converts models here, and cannot run them: {error}"
        return None
