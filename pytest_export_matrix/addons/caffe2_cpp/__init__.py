"""Caffe2 from C++: a NetDef in the libtorch of PyTorch 1.10, without Python in its process.

What is before and after the net (resizing images, pasting masks), the caller's own work there, is
done in the worker. https://caffe2.ai/docs/tutorial-loading-pre-trained-models.html
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, Sequence

from pytest_export_matrix.addons.caffe2 import ABOUT, INIT, PREDICT, libtorch_1_10, pytorch_1_10
from pytest_export_matrix.addons.caffe2.description import Description
from pytest_export_matrix.addons.caffe2.engines import described, read_nets
from pytest_export_matrix.addons.caffe2.model import Caffe2Model
from pytest_export_matrix.addons.caffe2_cpp import headers
from pytest_export_matrix.runtimes import cmake, libtorch
from pytest_export_matrix.runtimes.program import Program
from pytest_export_matrix.vocabulary.pytrees import map_leaves

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER = "caffe2_runner"


def build(out: str) -> None:
    """Build the program into the folder `out`. Raises Failure where its headers cannot be had, or
    where it cannot be built."""
    import torch

    with tempfile.TemporaryDirectory(dir=out, prefix="headers-") as folder:
        headers.fetch(folder)
        settings = {
            "TORCH": os.path.dirname(torch.__file__),
            "HEADERS": folder,
            "SERVE": libtorch.HERE,
            "CXX11_ABI": str(int(torch.compiled_with_cxx11_abi())),
        }
        cmake.build(HERE, RUNNER, out, settings)


class Session:
    """A converted model, called like the PyTorch model."""

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        folder = os.path.dirname(path)
        with open(os.path.join(folder, ABOUT), "rb") as file:
            about = described(file.read(), ABOUT)
        read_nets(folder, about.files or {})
        self._workspace = _Workspace(folder, about, threads, program)
        self._model = Caffe2Model(path, libtorch_1_10.Net(self._workspace, about))

    def run(self, arguments: Any) -> Any:
        return map_leaves(lambda tensor: tensor.detach().numpy(), self._model(*arguments))

    @property
    def seconds(self) -> float:
        return self._workspace.seconds

    def close(self) -> None:
        self._workspace.close()

    problem = staticmethod(pytorch_1_10.Session.problem)


class _Workspace(libtorch.Session):
    """The program: a list of the net's inputs -> its outputs."""

    pickle = libtorch_1_10.Pickle

    def __init__(self, folder: str, about: Description, threads: int, program: str) -> None:
        nets = [os.path.join(folder, name) for name in (INIT, PREDICT)]
        blobs = [str(len(about.inputs)), *about.inputs, *about.outputs]
        self.program = Program([os.path.join(program, RUNNER), *nets, str(threads), *blobs], ".pt")
        libtorch.refuse_python(self.program, program)
