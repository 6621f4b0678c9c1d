"""torch.export: the model is captured ahead of time as one graph with guarded shapes.

What a user types, and what the functions here do (`SHAPES` is None, or holds `Dim.DYNAMIC` for each
dimension that is to be dynamic):

    pt2     program = torch.export.export(model, args, dynamic_shapes=SHAPES)
            torch.export.save(program, "model.pt2")
    onnx    torch.onnx.export(model, args, "model.onnx", dynamo=True, dynamic_shapes=SHAPES)

torch.onnx.export captures the model itself, with other settings than torch.export.export: what it
writes can differ from what it makes of a program that is given to it.

https://docs.pytorch.org/docs/stable/export.html
https://docs.pytorch.org/docs/stable/onnx_export.html
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional

from pytest_export_matrix.exporters.context import FLAT, STRUCTURED, Context
from pytest_export_matrix.vocabulary.pytrees import unflatten


def dynamic_shapes(context: Context) -> Any:
    """The dimensions to declare dynamic, in the structure of the arguments; None without any.

    A dynamic dimension is declared `Dim.DYNAMIC`: an export that would make it a constant fails.
    `Dim.AUTO` would silently fall back to a constant.
    """
    import torch

    _, spec = context.flat_arguments()
    dims = context.dynamic_dimensions()
    if not any(dims):
        return None
    dynamic = torch.export.Dim.DYNAMIC
    return unflatten([dict.fromkeys(axes, dynamic) or None for axes in dims], spec)


def flat_dynamic_shapes(context: Context, room: Optional[int] = None) -> Any:
    """The same for the model of `tracing.flat`. With `room`, a side may become no more than that
    many times as long as the example's."""
    import torch

    tensors, _ = context.flat_arguments()
    dims = context.dynamic_dimensions()
    if not any(dims):
        return None
    dynamic = torch.export.Dim.DYNAMIC
    shapes = [
        {axis: dynamic(max=room * tensor.shape[axis]) if room else dynamic for axis in axes}
        for tensor, axes in zip(tensors, dims)
    ]
    each_tensor = tuple(each or None for each in shapes)
    # A flat model takes all of them as `*tensors`.
    return each_tensor if context.takes_tensors else (each_tensor,)


def capture(context: Context) -> Any:
    """An ExportedProgram of the model as it is."""
    import torch

    shapes = dynamic_shapes(context)
    with torch.no_grad():
        return torch.export.export(context.model, context.arguments, dynamic_shapes=shapes)


def save(captured: Any, path: str, context: Context) -> str:
    import torch

    note_classes(captured, context)
    torch.export.save(captured, path)
    return STRUCTURED


def note_classes(program: Any, context: Context) -> None:
    """Note the modules that define the classes among a program's arguments and answers.

    A file holds only the names of such classes. It can be read where the classes are registered as
    pytrees, which importing their module does.
    """
    for spec in (program.call_spec.in_spec, program.call_spec.out_spec):
        for found in _classes(spec):
            module = found.__module__
            top = module.partition(".")[0]
            if top not in ("builtins", "collections", "torch"):
                context.may_need(top)
                context.may_need(module)


def _classes(spec: Any) -> Iterator[type]:
    """The classes of a structure. That of a named tuple is in the context of its node."""
    for value in (spec.type, spec.context):
        if isinstance(value, type):
            yield value
    for child in spec.children() if hasattr(spec, "children") else spec.children_specs:
        yield from _classes(child)


def onnx_call(context: Context) -> Dict[str, Any]:
    """The arguments of torch.onnx.export, which captures the model itself."""
    arguments = context.arguments
    if arguments and isinstance(arguments[-1], dict):
        # A dict in the last place is taken for keyword arguments, unless another one follows it.
        arguments = (*arguments, {})
    return {"args": arguments, "dynamic_shapes": dynamic_shapes(context)}


def onnx(captured: Dict[str, Any], path: str, context: Context) -> str:
    """An ONNX file by the exporter that captures with torch.export (dynamo=True).

    Raises what stopped the export. torch.onnx puts it behind advice, which begins alike for every
    model.
    """
    import torch

    names = context.input_names()
    try:
        with torch.no_grad():
            torch.onnx.export(
                context.model, f=path, input_names=names, dynamo=True, verbose=False, **captured
            )
    except torch.onnx.OnnxExporterError as error:
        found: BaseException = error
        while isinstance(found, torch.onnx.OnnxExporterError) and found.__cause__:
            found = found.__cause__
        raise found from None
    return FLAT
