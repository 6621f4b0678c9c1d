"""Compile what torch.export has captured. A user types, and the functions here do:

    program = torch.export.export(model, args, dynamic_shapes=SHAPES)
    torch._inductor.aoti_compile_and_package(program, package_path="model.pt2")

See `exporters.torch_export` for `SHAPES`. The capture is not shared with the format pt2: compiling
changes the symbols of the program that it gets.
"""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.exporters import torch_export
from pytest_export_matrix.exporters.context import STRUCTURED, Context


def capture(context: Context) -> Any:
    """An ExportedProgram of the model as it is, for this format alone."""
    return torch_export.capture(context)


def lower(captured: Any, path: str, context: Context) -> str:
    """Compile the model for the device that it was captured on, into a package at `path`."""
    import torch

    torch_export.note_classes(captured, context)
    torch._inductor.aoti_compile_and_package(captured, package_path=path)
    return STRUCTURED
