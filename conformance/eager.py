"""Eager answers with their noise, for tests that compare with them."""

from __future__ import annotations

from typing import Any

from pytest_export_matrix import OutputKind
from pytest_export_matrix.compare.noise import Noise, pool
from pytest_export_matrix.worker import eager


def ask(model: eager.EagerModel, arguments: Any, kind: Any) -> tuple[Any, Noise]:
    """The model's answer as arrays, and its noise."""
    import torch

    with torch.no_grad():
        answer = eager.ask(model.model, arguments)
    return answer, noise_of(model, answer, arguments, kind)


def noise_of(model: eager.EagerModel, answer: Any, arguments: Any, kind: Any) -> Noise:
    """How far the model's answer lies from one draw and from float64."""
    import torch

    assert isinstance(kind, OutputKind)
    found = eager.EagerAnswers(answer)
    with torch.no_grad():
        found.others = [eager.ask_otherwise(model.model, arguments, draw=0)]
        model.ask_in_float64(arguments, found)
    noise = eager.noise_of(kind, found)
    assert noise is not None
    pool([noise])
    return noise
