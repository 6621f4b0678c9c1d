"""torch.export: the model is captured ahead of time as one graph with guarded shapes.

https://docs.pytorch.org/docs/stable/export.html
"""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.exporters.context import FLAT, STRUCTURED, Context
from pytest_export_matrix.vocabulary.pytrees import unflatten


def capture(context: Context) -> Any:
    """An ExportedProgram of the model as it is.

    A dynamic dimension is declared `Dim.DYNAMIC`: an export that would make it a constant fails.
    `Dim.AUTO` would silently fall back to a constant.
    """
    import torch

    _, spec = context.flat_arguments()
    dims = context.dynamic_dimensions()
    shapes = None
    if any(dims):
        dynamic = torch.export.Dim.DYNAMIC
        shapes = unflatten([dict.fromkeys(axes, dynamic) or None for axes in dims], spec)
    with torch.no_grad():
        return torch.export.export(context.model, context.arguments, dynamic_shapes=shapes)


def save(captured: Any, path: str, context: Context) -> str:
    import torch

    torch.export.save(captured, path)
    return STRUCTURED


def onnx(captured: Any, path: str, context: Context) -> str:
    """An ONNX file lowered from an ExportedProgram (dynamo=True).

    The model is captured anew, as for AOTInductor: both change the symbols of the program that they
    get, and a later lowering of the same program can fail.
    """
    import torch

    names = context.input_names()
    torch.onnx.export(capture(context), f=path, input_names=names, dynamo=True, verbose=False)
    return FLAT
