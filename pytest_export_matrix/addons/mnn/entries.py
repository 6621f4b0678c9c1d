"""What a project registers for MNN: an environment, with a runtime as MNN is by default and
one that keeps the precision of float32."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Runtime

_HERE = __name__.rpartition(".")[0]
_ENVIRONMENT = "mnn"


def _runtime(name: str, session: str) -> Runtime:
    return Runtime(
        name,
        formats=("onnx",),
        session=f"{_HERE}:{session}",
        modules=("MNN",),
        environment=_ENVIRONMENT,
    )


MNN: Tuple[Entry, ...] = (
    Environment(_ENVIRONMENT, python="3.12", requirements=("MNN==3.6.1", "numpy==2.3.5")),
    _runtime("mnn", "Session"),
    _runtime("mnn_f32", "Float32Session"),
)
