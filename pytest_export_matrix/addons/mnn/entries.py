"""What a project registers for MNN: an environment and a runtime."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Runtime

_HERE = __name__.rpartition(".")[0]
_ENVIRONMENT = "mnn"

MNN: Tuple[Entry, ...] = (
    Environment(_ENVIRONMENT, python="3.12", requirements=("MNN==3.6.1", "numpy==2.3.5")),
    Runtime(
        "mnn",
        formats=("onnx",),
        session=f"{_HERE}:Session",
        modules=("MNN",),
        environment=_ENVIRONMENT,
    ),
)
