"""Stand-ins for the converters pnnx and mnnconvert, named by behaviour. Each is a line of shell."""

from __future__ import annotations

import os
import sys
import tempfile
from types import SimpleNamespace
from typing import Any, Callable

from pytest_export_matrix.addons import mnn
from pytest_export_matrix.addons.ncnn import exporter

WRITES_NOTHING = "exit 0"
PRINTS_MEGABYTES = "yes chatter | head -c 3000000"
SEGFAULTS = "kill -SEGV $$"
EXITS = "echo RuntimeError: the disk is on fire; exit 3"


def as_pnnx(line: str) -> Callable[..., str]:
    """The exporter, with a program that runs `line` in the place of pnnx."""

    def save(captured: Any, path: str, context: Any) -> str:
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "pnnx")
            with open(program, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{line}\n")
            os.chmod(program, 0o700)
            sys.modules["pnnx"] = SimpleNamespace(EXEC_PATH=program)  # type: ignore[assignment]
            return exporter.save(captured, path, context)

    return save


writes_nothing = as_pnnx(WRITES_NOTHING)
prints_megabytes = as_pnnx(PRINTS_MEGABYTES)
segfaults = as_pnnx(SEGFAULTS)
exits = as_pnnx(EXITS)
writes_garbage = as_pnnx("for each in param bin py; do echo garbage > model.$each; done")


def as_mnnconvert(line: str) -> Any:
    """The session, with `line` in the place of the converter. Its arguments are $0, $1, ..."""
    return type("Session", (mnn.Session,), {"converter": ("sh", "-c", line)})


WritesNothing = as_mnnconvert(WRITES_NOTHING)
PrintsMegabytes = as_mnnconvert(PRINTS_MEGABYTES)
Segfaults = as_mnnconvert(SEGFAULTS)
Exits = as_mnnconvert(EXITS)
WritesGarbage = as_mnnconvert('echo garbage > "$5"')
