"""What a project registers for AOTInductor: one exporter, a runtime in C++ and one in Python."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.runtimes import TORCH_PRELOAD
from pytest_export_matrix.runtimes.cmake import COMMANDS
from pytest_export_matrix.vocabulary.entries import Entry, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]

AOT_INDUCTOR: Tuple[Entry, ...] = (
    Exporter(
        "torch_export",
        "aot_inductor",
        capture="pytest_export_matrix.exporters.torch_export:capture",
        lower=f"{_HERE}.exporter:lower",
        suffix=".pt2",
        declares=("resolution", "batch"),
        commands=("c++",),
        portable=False,
    ),
    Runtime(
        "aot_inductor",
        formats=("aot_inductor",),
        session=f"{_HERE}.sessions:CppSession",
        language="c++",
        modules=("torch",),
        preload=TORCH_PRELOAD,
        extras=("torchvision",),
        program=f"{_HERE}.sessions:build",
        commands=COMMANDS,
        convention="flat",
    ),
    Runtime(
        "aot_inductor_python",
        formats=("aot_inductor",),
        session=f"{_HERE}.sessions:PythonSession",
        modules=("torch",),
        preload=TORCH_PRELOAD,
        extras=("torchvision",),
    ),
)
