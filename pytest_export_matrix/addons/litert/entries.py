"""What a project registers for LiteRT: an exporter, which has a PyTorch of its own since
litert-torch takes none of 2.15 or later, and a runtime in an environment of 0.2 GB."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]
_EXPORTER, _RUNTIME = "litert_torch", "litert"

LITERT: Tuple[Entry, ...] = (
    # 1.8 GB with PyTorch's wheels for the CPU, which uv takes where it is pointed to them.
    Environment(
        _EXPORTER,
        python="3.11",
        requirements=(
            "litert-torch==0.10.0",
            "torch==2.13.0",
            "torchvision==0.28.0",
            "jax==0.10.2",
            "numpy==2.4.6",
            "safetensors==0.8.0",
        ),
    ),
    Exporter(
        "litert_torch",
        "tflite",
        capture="pytest_export_matrix.exporters.tracing:flat",
        lower=f"{_HERE}.exporter:save",
        suffix=".tflite",
        declares=("resolution", "batch"),
        modules=("torch", "litert_torch"),
        environment=_EXPORTER,
    ),
    Environment(_RUNTIME, python="3.12", requirements=("ai-edge-litert==2.3.0", "numpy==2.3.5")),
    Runtime(
        "litert",
        formats=("tflite",),
        session=f"{_HERE}:Session",
        modules=("ai_edge_litert",),
        environment=_RUNTIME,
    ),
)
