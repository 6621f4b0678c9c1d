"""Scripting: the source of the model is compiled. A user types, and the functions here do:

    torch.jit.script(model).save("model.pt")

https://docs.pytorch.org/docs/stable/generated/torch.jit.script.html
"""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.exporters.context import STRUCTURED, Context


def script(context: Context) -> Any:
    import torch

    return torch.jit.script(context.model)


def save(captured: Any, path: str, context: Context) -> str:
    captured.save(path)
    return STRUCTURED
