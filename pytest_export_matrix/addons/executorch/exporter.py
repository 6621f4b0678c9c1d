"""ExecuTorch: torch.export, lowered for a small runtime. A user types, and the functions here do:

    program = torch.export.export(model, args, dynamic_shapes=SHAPES)
    lowered = to_edge_transform_and_lower(program, partitioner=PARTITIONERS)
    lowered.to_executorch().save("model.pte")

`SHAPES` is None, or holds `Dim.DYNAMIC(max=SIDE)` for each dynamic dimension. ExecuTorch plans the
memory of a file for the largest input. Without `max` it takes the example for that, and says
nothing. `SIDE` is therefore `ROOM` times the example's side.

There are two export methods, with one format. Both write a .pte, and one runtime runs both, so the
file does not tell them apart: what a user does is another thing. `executorch` leaves every operator
to the kernels of the runtime, `executorch_xnnpack` gives those that XNNPACK takes to that library.

The model of the call is the flat one, as for tracing: a file takes and returns tensors one by one.

https://docs.pytorch.org/executorch/stable/using-executorch-export.html
https://docs.pytorch.org/executorch/stable/backends/xnnpack/xnnpack-overview.html
"""

from __future__ import annotations

from typing import Any, List

from pytest_export_matrix.exporters import tracing
from pytest_export_matrix.exporters.context import FLAT, Context
from pytest_export_matrix.exporters.torch_export import flat_dynamic_shapes

#: How many times as long as the example's a dynamic side may be.
ROOM = 2


def capture(context: Context) -> Any:
    """An ExportedProgram of the flat model, whose dynamic dimensions have an upper bound."""
    import torch

    model, tensors = tracing.flat(context)
    shapes = flat_dynamic_shapes(context, ROOM)
    with torch.no_grad():
        return torch.export.export(model, tuple(tensors), dynamic_shapes=shapes)


def portable(captured: Any, path: str, context: Context) -> str:
    """A file whose operators are all run by the runtime's own kernels."""
    return _save(captured, path, [])


def xnnpack(captured: Any, path: str, context: Context) -> str:
    """A file that leaves what XNNPACK takes to XNNPACK, in float32, and the rest to the kernels."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner

    return _save(captured, path, [XnnpackPartitioner()])


def _save(captured: Any, path: str, partitioners: List[Any]) -> str:
    from executorch.exir import to_edge_transform_and_lower

    lowered = to_edge_transform_and_lower(captured, partitioner=partitioners)
    lowered.to_executorch().save(path)
    return FLAT
