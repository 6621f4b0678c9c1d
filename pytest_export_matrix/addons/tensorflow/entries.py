"""What a project registers for TensorFlow: an environment with onnx2tf, and a runtime."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Runtime

_HERE = __name__.rpartition(".")[0]
_ENVIRONMENT = "tensorflow"

TENSORFLOW: Tuple[Entry, ...] = (
    # onnx2tf pins whatever it needs; its extra is TensorFlow 2.21.0 with tf-keras.
    Environment(_ENVIRONMENT, python="3.12", requirements=("onnx2tf[tensorflow]==2.6.9",)),
    Runtime(
        "tensorflow",
        formats=("onnx",),
        session=f"{_HERE}:Session",
        modules=("tensorflow", "onnx2tf", "onnx"),
        preload=("tensorflow", "onnx"),
        environment=_ENVIRONMENT,
    ),
)
