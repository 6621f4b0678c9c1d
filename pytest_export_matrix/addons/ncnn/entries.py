"""What a project registers for ncnn: the conversion by pnnx, which takes a pnnx beside PyTorch, and
an environment with a runtime for each precision."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]
_ENVIRONMENT = "ncnn"


def _runtime(name: str, session: str, precision: str) -> Runtime:
    return Runtime(
        name,
        formats=("ncnn",),
        session=f"{_HERE}:{session}",
        modules=("ncnn",),
        environment=_ENVIRONMENT,
        precision=precision,
    )


NCNN: Tuple[Entry, ...] = (
    Exporter(
        "pnnx",
        "ncnn",
        capture="pytest_export_matrix.exporters.tracing:flat",
        lower=f"{_HERE}.exporter:save",
        suffix=".param",
        declares=("resolution", "batch"),
        modules=("torch", "pnnx"),
    ),
    Environment(_ENVIRONMENT, python="3.12", requirements=("ncnn==1.0.20261020", "numpy==2.3.5")),
    # The least that it may choose: without code for float16 it computes in float32.
    _runtime("ncnn", "Session", "float16"),
    _runtime("ncnn_f32", "Float32Session", "float32"),
)
