"""Eager answers with their noise, for tests that compare with them."""

from __future__ import annotations

from typing import Any, Optional

from pytest_export_matrix import OutputKind
from pytest_export_matrix.compare.noise import Noise, pool
from pytest_export_matrix.worker.eager import EagerModel, noise_of


def ask(model: Any, arguments: Any, kind: Any) -> tuple[Any, Optional[Noise]]:
    """The model's answer as arrays, and how far its own answers lie apart."""
    import torch

    assert isinstance(kind, OutputKind)
    with torch.no_grad():
        found = EagerModel(model, "cpu").answers(arguments)
    noise = noise_of(kind, found)
    assert noise is not None
    pool([noise])
    return found.answer, noise
