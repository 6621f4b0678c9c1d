"""What a project registers for Core ML: coremltools' conversion of PyTorch models, which takes a
coremltools beside PyTorch, and the engine, which runs on macOS."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]

COREML: Tuple[Entry, ...] = (
    Exporter(
        "coreml",
        "mlpackage",
        capture="pytest_export_matrix.exporters.tracing:trace",
        lower=f"{_HERE}.exporter:save",
        suffix=".mlpackage",
        declares=("resolution", "batch"),
        modules=("torch", "coremltools"),
    ),
    Runtime("coreml", formats=("mlpackage",), session=f"{_HERE}:Session", modules=("coremltools",)),
)
