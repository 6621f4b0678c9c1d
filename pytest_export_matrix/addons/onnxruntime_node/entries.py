"""What a project registers for ONNX Runtime in Node.js."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.runtimes.npm import COMMANDS
from pytest_export_matrix.vocabulary.entries import Entry, Runtime

_HERE = __name__.rpartition(".")[0]

ONNXRUNTIME_NODE: Tuple[Entry, ...] = (
    Runtime(
        "onnxruntime_node",
        formats=("onnx",),
        session=f"{_HERE}:Session",
        language="javascript",
        modules=("safetensors",),
        program=f"{_HERE}:build",
        commands=COMMANDS,
    ),
)
