"""detectron2's TracingAdapter, traced by torch.jit.trace or by torch.onnx.export.

This follows its `tools/deploy/export_model.py`: the adapter turns the model's inputs and outputs
into tensors, and its schema tells which tensor is which.
https://detectron2.readthedocs.io/en/latest/modules/export.html#detectron2.export.TracingAdapter
"""

from __future__ import annotations

from typing import Any, List, Tuple

import torch
from detectron2.export import TracingAdapter
from torch import Tensor, nn

from pytest_export_matrix.addons.detectron2 import models
from pytest_export_matrix.addons.detectron2.outputs import in_dicts
from pytest_export_matrix.exporters import tracing
from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.vocabulary.pytrees import flatten

save = tracing.save
onnx = tracing.onnx
onnx_in_torch_1 = tracing.onnx_in_torch_1


class Answers(nn.Module):
    """The adapter, with its flat outputs in the order of a `Detector`."""

    def __init__(self, adapter: Any) -> None:
        super().__init__()
        self.adapter = adapter

    def forward(self, *images: Tensor) -> Tuple[Tensor, ...]:
        outputs = self.adapter(*images)
        leaves, _ = flatten(in_dicts(self.adapter.outputs_schema(outputs)))
        return tuple(leaves)


def flat(context: Context) -> Tuple[Any, List[Any]]:
    """The adapter of the model, and the images."""
    detector, (images,) = context.model, context.arguments
    inputs = [{"image": image} for image in images]
    adapter = TracingAdapter(detector.model, inputs, models.answer if detector.raw else None)
    return Answers(adapter).eval(), list(images)


def trace(context: Context) -> Any:
    model, images = flat(context)
    with torch.no_grad():
        return torch.jit.trace(model, tuple(images), check_trace=False)
