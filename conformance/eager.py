"""Eager answers with their noise, for tests that compare with them."""

from __future__ import annotations

from typing import Any, Optional

from pytest_export_matrix import OutputKind
from pytest_export_matrix.compare.noise import Noise, pool
from pytest_export_matrix.worker import eager


def ask(model: eager.EagerModel, arguments: Any, kind: Any) -> tuple[Any, Optional[Noise]]:
    """The model's answer as arrays, and how far it lies from one draw and from float64."""
    import torch

    assert isinstance(kind, OutputKind)
    with torch.no_grad():
        found = eager.EagerAnswers(eager.ask(model.model, arguments))
        found.others = [eager.ask_otherwise(model.model, arguments, draw=0)]
        model.ask_in_float64(arguments, found)
    noise = eager.noise_of(kind, found)
    assert noise is not None
    pool([noise])
    return found.answer, noise
