"""Compile what torch.export has captured. A user types, and the functions here do:

    program = torch.export.export(model, args, dynamic_shapes=SHAPES)
    torch._inductor.aoti_compile_and_package(program, package_path="model.pt2")

See `exporters.torch_export` for `SHAPES`, and for the capture.
"""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.exporters.context import STRUCTURED, Context
from pytest_export_matrix.exporters.torch_export import note_classes


def lower(captured: Any, path: str, context: Context) -> str:
    """Compile the model for the device that it was captured on, into a package at `path`."""
    import torch

    note_classes(captured, context)
    torch._inductor.aoti_compile_and_package(captured, package_path=path)
    return STRUCTURED
