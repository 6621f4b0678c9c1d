"""Run AOTInductor packages from C++, by a program of `runtimes.libtorch`, and from Python."""

from __future__ import annotations

import os
import tempfile

from pytest_export_matrix.runtimes import libtorch, pytorch


def build(out: str) -> None:
    """Build the program that runs packages into the folder `out`."""
    libtorch.build_target(libtorch.AOT_INDUCTOR, out)


class CppSession(libtorch.Session):
    """A package in a process of libtorch. It takes and returns tensors one by one."""

    target = libtorch.AOT_INDUCTOR


class PythonSession(pytorch.Session):
    """A package, on the device that it was compiled for.

    By the engine's default, its inputs are not checked. Called with other shapes than it was
    compiled for, it may silently answer wrongly.
    """

    def load(self, path: str) -> None:
        import torch

        # The loader unpacks the package into this folder. It would remove that only at the end of
        # its process, and a task ends without.
        self._folder = tempfile.TemporaryDirectory(dir=os.getcwd(), prefix="package-")
        os.environ["TMPDIR"] = self._folder.name
        self.module = torch._inductor.aoti_load_package(path)

    def close(self) -> None:
        self._folder.cleanup()
