"""What a project registers for Caffe2 from C++, beside `CAFFE2`, whose environment it runs in."""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.runtimes.cmake import COMMANDS
from pytest_export_matrix.vocabulary.entries import Entry, Runtime

_HERE = __name__.rpartition(".")[0]

CAFFE2_CPP: Tuple[Entry, ...] = (
    Runtime(
        "caffe2_cpp",
        formats=("caffe2",),
        session=f"{_HERE}:Session",
        language="c++",
        modules=("torch", "torchvision", "caffe2"),
        environment="caffe2",
        methods=("caffe2_tracing",),
        program=f"{_HERE}:build",
        commands=COMMANDS,
    ),
)
