"""The runtimes, one file each; this is the table of them.

A session runs in a worker that sees neither the model's code nor the eager answers. Its own answers
are copied as they come, and compared in another process:

    Session(path, device, threads)   load the file; any exception is the cell's failure
    session.run(arguments)           a tuple of numpy arrays (or, for a structured file, of nested
                                     lists and dicts of them) -> numpy arrays of numbers, nested
                                     alike. It is called several times, also with the same arguments
    Session.problem(device)          why it cannot work on `device` here, or None; optional
    session.seconds                  what the engine took for the latest call; optional
    session.close()                  optional

An engine in another language is a program (`program.py`). `Runtime.program` names the function that
builds it:

    build(folder)                    fill the folder, in the runtime's environment; may return
                                     {tool: version}; raises Failure where it cannot be built
    Session(path, device, threads, program, extras)
                                     `program` is that folder; the program has to load `extras`
                                     itself (for other runtimes they are imported)

To add one: a file here (a folder, where it has sources) and its line below.
"""

from __future__ import annotations

from pytest_export_matrix.runtimes.cmake import COMMANDS
from pytest_export_matrix.vocabulary.entries import Runtime

_HERE = __name__

#: torch, and what torch.export imports at its first call. That takes longer than torch itself.
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
        "libtorch",
        formats=("torchscript",),
        session=f"{_HERE}.libtorch:Session",
        language="c++",
        modules=("torch",),
        preload=TORCH_PRELOAD,
        extras=("torchvision",),
        program=f"{_HERE}.libtorch:build",
        commands=COMMANDS,
    ),
    Runtime(
        "onnxruntime",
        formats=("onnx",),
        session=f"{_HERE}.onnxruntime:Session",
        modules=("onnxruntime",),
        extras=("onnxruntime_extensions",),
    ),
)
