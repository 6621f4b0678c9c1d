"""What a project registers for the reference evaluator of ONNX: a runtime."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Runtime

_HERE = __name__.rpartition(".")[0]

ONNX_REFERENCE: Tuple[Entry, ...] = (
    Runtime("onnx_reference", formats=("onnx",), session=f"{_HERE}:Session", modules=("onnx",)),
)
