"""What a project registers for OpenVINO: its conversion of PyTorch models, which takes an OpenVINO
beside PyTorch, and an environment with a runtime for each precision."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]
_ENVIRONMENT = "openvino"


def _runtime(name: str, session: str, precision: str) -> Runtime:
    return Runtime(
        name,
        formats=("onnx", "openvino"),
        session=f"{_HERE}:{session}",
        modules=("openvino",),
        environment=_ENVIRONMENT,
        precision=precision,
    )


OPENVINO: Tuple[Entry, ...] = (
    Exporter(
        "openvino_convert",
        "openvino",
        capture="pytest_export_matrix.exporters.tracing:flat",
        lower=f"{_HERE}.exporter:save",
        suffix=".xml",
        declares=("resolution", "batch"),
        modules=("torch", "openvino"),
    ),
    Environment(_ENVIRONMENT, python="3.12", requirements=("openvino==2026.4.1", "numpy==2.3.5")),
    # The least that it may choose: on processors without bfloat16 it computes in float32.
    _runtime("openvino", "Session", "bfloat16"),
    _runtime("openvino_f32", "Float32Session", "float32"),
)
