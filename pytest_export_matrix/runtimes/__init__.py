"""The runtimes, one file each; this is the table of them.

A session runs in a worker that never sees the model's code:

    Session(path, device, threads)   load the file; any exception is the cell's failure
    session.run(arguments)           a tuple of numpy arrays (or, for a structured file, of nested
                                     lists and dicts of them) -> numpy arrays, nested alike
    Session.problem(device)          why it cannot work on `device` here, or None; optional

To add one: a file here and its line below.
"""

from __future__ import annotations

from pytest_export_matrix.registry import Runtime

_HERE = __name__

#: torch, and what torch.export imports at its first call, which takes longer than torch itself.
TORCH_PRELOAD = (
    "torch",
    "torch._dynamo",
    "torch._functorch.partitioners",
    "torch._export.serde.serialize",
)

RUNTIMES = (
    Runtime(
        "pytorch",
        formats=("torchscript", "pt2"),
        session=f"{_HERE}.pytorch:Session",
        modules=("torch",),
        preload=TORCH_PRELOAD,
        extras=("torchvision",),
    ),
    Runtime(
        "onnxruntime",
        formats=("onnx",),
        session=f"{_HERE}.onnxruntime:Session",
        modules=("onnxruntime",),
    ),
)
