"""litert-torch: torch.export, lowered by way of JAX into a .tflite file.

What a user types, and what the function here does (`SHAPES` is None, or holds `Dim.DYNAMIC` for
each dynamic dimension):

    litert_torch.convert(model, args, dynamic_shapes=SHAPES).export("model.tflite")

The model of the call is the flat one, as for tracing: a file takes and returns tensors one by one.
By default the conversion makes int32 of int64 and float32 of float64, among inputs and outputs as
well, and warns of it.

https://developers.google.com/edge/litert/conversion/pytorch/overview
"""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.exporters.context import FLAT, Context
from pytest_export_matrix.exporters.torch_export import flat_dynamic_shapes


def save(captured: Any, path: str, context: Context) -> str:
    import litert_torch

    model, tensors = captured
    shapes = flat_dynamic_shapes(context)
    litert_torch.convert(model, tuple(tensors), dynamic_shapes=shapes).export(path)
    return FLAT
