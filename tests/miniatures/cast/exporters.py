"""Exporters, named by behaviour: captures, and functions that write a file."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from pytest_export_matrix.exporters import tracing
from pytest_export_matrix.exporters.context import FLAT, STRUCTURED, Context

#: More than the limit that the tests set, less than a machine can bear if the limit fails.
BLOCK, BLOCKS = 32 << 20, 200


def segfaults(context: Context) -> None:
    ctypes.string_at(0)


def exits(context: Context) -> NoReturn:
    os._exit(0)


def raises(context: Context) -> NoReturn:
    raise LookupError("no operator of that name")


def fails_the_first_time(captured: Any, path: str, context: Context) -> str:
    from sessions import tries

    if tries("exports") == 1:
        raise RuntimeError("not this time")
    return tracing.save(captured, path, context)


def is_killed_the_first_time(captured: Any, path: str, context: Context) -> str:
    from sessions import tries

    if tries("kills") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return tracing.save(captured, path, context)


def writes_garbage_into_its_folder(captured: Any, path: str, context: Context) -> str:
    """Into the files by which a task tells what it does, which any code in it can find."""
    folder = Path(os.readlink("/proc/self/fd/1")).parent
    with (folder / "stages.jsonl").open("ab") as file:
        file.write(b'garbage\n[1]\n{"stage": 3}\n{"stage": "run", "note": 1}\n\xff\n' + b"[" * 9999)
        file.write(b"\n")
    return tracing.save(captured, path, context)


def leaves_processes_behind(captured: Any, path: str, context: Context) -> str:
    for alone in (False, True):
        code = "import time; time.sleep(600)"
        command = [sys.executable, "-c", code, "left by leaves_processes_behind", os.getcwd()]
        subprocess.Popen(command, start_new_session=alone)
    return tracing.save(captured, path, context)


def hangs(context: Context) -> None:
    threading.Event().wait()


def allocates(context: Context) -> NoReturn:
    held = []
    for _ in range(BLOCKS):
        held.append(b"x" * BLOCK)
    raise AssertionError("nobody stopped this")


def model_itself(context: Context) -> Any:
    return context.model


def writes_pickle(model: Any, path: str, context: Context) -> str:
    import torch

    torch.save(model, path)
    return STRUCTURED


def writes_nothing(captured: Any, path: str, context: Context) -> str:
    return FLAT


def prints_megabytes(captured: Any, path: str, context: Context) -> str:
    for descriptor in (1, 2):
        os.write(descriptor, b"exporter chatter\n" * 200_000)
    sys.stdout.close()
    return tracing.save(captured, path, context)


def counts(captured: Any, path: str, context: Context) -> str:
    """Writes a right file, and one line into exports.log of the project."""
    with open("exports.log", "a", encoding="utf-8") as log:
        log.write(f"{type(context.model).__name__} {len(context.flat_arguments()[0])}\n")
    return tracing.save(captured, path, context)


def blocks(context: Context) -> None:
    """Says that it has begun, and never ends."""
    Path("export_has_begun").touch()
    threading.Event().wait()


def splits_by_an_extension(context: Context) -> None:
    """What is written is the same for every model."""


def writes_extension(_: Any, path: str, context: Context) -> str:
    """An ONNX file with an operator of onnxruntime-extensions, which splits a tensor by sign."""
    import onnx
    from onnx import TensorProto, helper

    def value(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4)

    node = helper.make_node("NegPos", ["x"], ["neg", "pos"], domain="ai.onnx.contrib")
    graph = helper.make_graph([node], "splits", [value("x")], [value("neg"), value("pos")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.contrib", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return FLAT
