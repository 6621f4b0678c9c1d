"""Weights as safetensors: saved once, loaded into every other build of the same model."""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.vocabulary.references import resolve

FILE = "weights.safetensors"


def save(model: Any, path: str) -> None:
    """Write the state of `model`; tensors that share memory are written one by one."""
    from safetensors.torch import save_file

    state = model.state_dict()
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in state.items()}, path)


def load(model: Any, path: str, renames: str = "") -> None:
    """Set the state of `model`; `renames` names a function, see `entries.Environment.weights`.

    Raises RuntimeError where names or shapes differ.
    """
    from safetensors.torch import load_file

    state = load_file(path)
    if renames:
        names = resolve(renames)(list(state))
        state = {names.get(name, name): tensor for name, tensor in state.items()}
    model.load_state_dict(state, strict=True)
