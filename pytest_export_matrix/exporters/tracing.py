"""Tracing: the operations of one run are recorded, by torch.jit.trace or by torch.onnx.export.

What a user types, and what the functions here do:

    torchscript    torch.jit.trace(model, args, check_trace=False).save("model.pt")
    onnx           torch.onnx.export(model, args, "model.onnx", dynamo=False, dynamic_axes=AXES)

Both take and return only tensors. Where the model takes or returns anything else, the `model` of
the call is `flat_model`, the adapter that a user writes then. Other models get none, since what is
recorded of a module within another one differs. The two do not share a trace: torch.onnx.export
does its own, which differs from that of torch.jit.trace.

https://docs.pytorch.org/docs/stable/generated/torch.jit.trace.html
https://docs.pytorch.org/docs/stable/onnx.html
"""

from __future__ import annotations

from typing import Any, List, Tuple

from pytest_export_matrix.exporters.context import FLAT, Context, flat_model


def flat(context: Context) -> Tuple[Any, List[Any]]:
    """The model as a tracer takes it, and its example arguments one by one."""
    tensors, spec = context.flat_arguments()
    return context.model if context.takes_tensors else flat_model(context.model, spec), tensors


def trace(context: Context) -> Any:
    """A ScriptModule. Its own check is left out: ours runs the saved file."""
    import torch

    model, tensors = flat(context)
    with torch.no_grad():
        return torch.jit.trace(model, tuple(tensors), check_trace=False)


def save(captured: Any, path: str, context: Context) -> str:
    captured.save(path)
    return FLAT


def onnx(captured: Any, path: str, context: Context) -> str:
    """An ONNX file by the exporter that traces (dynamo=False)."""
    return _onnx(captured, path, context, dynamo=False)


def onnx_in_torch_1(captured: Any, path: str, context: Context) -> str:
    """The same in PyTorch 1, where it is the only exporter, in the oldest opset for detectors."""
    return _onnx(captured, path, context, opset_version=11)


def _onnx(captured: Any, path: str, context: Context, **settings: Any) -> str:
    import torch

    model, tensors = captured
    names = context.input_names()
    declared = dict(zip(names, context.dynamic_dimensions()))
    # As it is typed: without gradients PyTorch fuses the layers of a transformer, and ONNX has no
    # operator for that.
    with torch.enable_grad():
        torch.onnx.export(
            model,
            tuple(tensors),
            path,
            input_names=names,
            dynamic_axes={name: axes for name, axes in declared.items() if axes} or None,
            **settings,
        )
    return FLAT
