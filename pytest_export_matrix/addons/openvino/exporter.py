"""OpenVINO's own conversion of a PyTorch model.

What a user types, and what the function here does:

    converted = openvino.convert_model(model, example_input=args, input=SHAPES)
    openvino.save_model(converted, "model.xml")

with `compress_to_fp16=False`: by default `save_model` rounds the weights to float16. The model of
the call is the flat one, as for tracing, which OpenVINO does first.

https://docs.openvino.ai/2026/openvino-workflow/model-preparation/convert-model-pytorch.html
"""

from __future__ import annotations

from typing import Any, List

from pytest_export_matrix.exporters.context import FLAT, Context


def save(captured: Any, path: str, context: Context) -> str:
    """Convert and save. Dimensions that are not dynamic are fixed, as the example has them."""
    import openvino

    model, tensors = captured
    shapes: List[Any] = []
    for tensor, dynamic in zip(tensors, context.dynamic_dimensions()):
        sides = [-1 if axis in dynamic else side for axis, side in enumerate(tensor.shape)]
        shapes.append(openvino.PartialShape(sides))
    converted = openvino.convert_model(model, example_input=tuple(tensors), input=shapes)
    openvino.save_model(converted, path, compress_to_fp16=False)
    return FLAT
