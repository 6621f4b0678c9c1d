"""What a project registers for ExecuTorch: two exporters, a runtime in Python and one in C++.

All of them are in the default environment: the package names no version of torch, and its exporter
works on the very model that is under test. `pip install executorch` beside torch is all.
"""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.runtimes import TORCH_PRELOAD
from pytest_export_matrix.runtimes.cmake import COMMANDS
from pytest_export_matrix.vocabulary.entries import Entry, Exporter, Runtime

_HERE = __name__.rpartition(".")[0]


def _exporter(method: str, lower: str) -> Exporter:
    return Exporter(
        method,
        "pte",
        capture=f"{_HERE}.exporter:capture",
        lower=f"{_HERE}.exporter:{lower}",
        suffix=".pte",
        declares=("resolution", "batch"),
        modules=("torch", "executorch"),
        prepared_as="torch_export",
    )


EXECUTORCH: Tuple[Entry, ...] = (
    _exporter("executorch", "portable"),
    _exporter("executorch_xnnpack", "xnnpack"),
    Runtime(
        "executorch",
        formats=("pte",),
        session=f"{_HERE}.sessions:PythonSession",
        modules=("torch", "executorch"),
        preload=TORCH_PRELOAD,
    ),
    Runtime(
        "executorch_cpp",
        formats=("pte",),
        session=f"{_HERE}.sessions:CppSession",
        language="c++",
        modules=("executorch",),
        program=f"{_HERE}:build",
        commands=COMMANDS,
    ),
)
