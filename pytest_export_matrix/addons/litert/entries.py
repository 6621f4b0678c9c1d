"""What a project registers for LiteRT: an exporter, which has a PyTorch of its own since
litert-torch takes none of 2.15 or later, and a runtime in a small environment without one."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Entry, Environment, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]
_TORCH, _SMALL = "litert_torch", "litert"

LITERT: Tuple[Entry, ...] = (
    Environment(
        _TORCH,
        python="3.12",
        requirements=(
            "litert-torch==0.10.0",
            "torch==2.11.0",
            "torchvision==0.26.0",
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
        environment=_TORCH,
    ),
    Environment(_SMALL, python="3.12", requirements=("ai-edge-litert==2.3.0", "numpy==2.3.5")),
    Runtime(
        "litert",
        formats=("tflite",),
        methods=("litert_torch",),
        session=f"{_HERE}:Session",
        modules=("ai_edge_litert",),
        environment=_SMALL,
    ),
)
