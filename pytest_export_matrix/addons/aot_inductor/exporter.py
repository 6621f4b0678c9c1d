"""Compile a captured program; see `exporters.torch_export` for the capture."""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.exporters.context import STRUCTURED, Context
from pytest_export_matrix.exporters.torch_export import capture


def lower(captured: Any, path: str, context: Context) -> str:
    """Compile the model for the device that it was captured on, into a package at `path`.

    It is captured anew, for the reason that `exporters.torch_export.onnx` gives.
    """
    import torch

    torch._inductor.aoti_compile_and_package(capture(context), package_path=path)
    return STRUCTURED
