"""libtorch: TorchScript files in C++, by the program in this folder.

It is linked against the libtorch inside the environment's torch package. No Python is loaded into
its process. The worker beside it writes the inputs and reads the answers, as files of torch.save.
https://docs.pytorch.org/cppdocs/
"""

from __future__ import annotations

import os
import pickle
import shutil
from typing import Any, List, Sequence

from pytest_export_matrix.runtimes import cmake, pytorch
from pytest_export_matrix.runtimes.program import (
    Program,
    ProgramSession,
    mapped,
    operator_libraries,
)
from pytest_export_matrix.vocabulary.outcomes import Failure
from pytest_export_matrix.vocabulary.pytrees import map_leaves

HERE = os.path.dirname(os.path.abspath(__file__))
TORCHSCRIPT, AOT_INDUCTOR = "libtorch_runner", "aot_inductor_runner"
SOURCES = ("CMakeLists.txt", "serve.hpp", "torchscript.cpp", "aot_inductor.cpp")


def build(out: str) -> None:
    """Build the program that runs TorchScript files."""
    build_target(TORCHSCRIPT, out)


def build_target(target: str, out: str) -> None:
    """Build `target`, one of those above, into the folder `out`."""
    _build(HERE, target, out)


def write(folder: str, target: str) -> str:
    """Copy the sources into `folder` and build them there. Returns the path of the program.

    Raises Failure where they cannot be built, OSError where the folder cannot be written.
    """
    out = os.path.join(os.path.abspath(folder), "build")
    os.makedirs(out, exist_ok=True)
    for name in SOURCES:
        shutil.copyfile(os.path.join(HERE, name), os.path.join(folder, name))
    _build(folder, target, out)
    return os.path.join(folder, "build", target)


def _build(sources: str, target: str, out: str) -> None:
    import torch

    settings = {
        "TORCH": os.path.dirname(torch.__file__),
        "CXX11_ABI": str(int(torch.compiled_with_cxx11_abi())),
        # PyTorch 1 does not compile as C++20. PyTorch of today needs C++20.
        "CXX_STANDARD": "14" if torch.__version__.startswith("1.") else "20",
    }
    cmake.build(sources, target, out, settings)


class Session(ProgramSession):
    """A TorchScript file in a process of libtorch. `extras` are packages with operators, whose
    libraries are loaded there; `program` is the folder that `build` has filled."""

    target = TORCHSCRIPT
    #: The pickle module that torch.save uses.
    pickle: Any = pickle

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        libraries = [path for name in extras for path in operator_libraries(name)]
        runner = os.path.join(program, self.target)
        self.program = Program([runner, path, device, str(threads), *libraries], ".pt")
        refuse_python(self.program, program)

    def run(self, arguments: Any) -> Any:
        import torch

        tensors = map_leaves(torch.from_numpy, tuple(arguments))
        torch.save(tensors, self.program.input, pickle_module=self.pickle)
        answer = load(self.program.run())
        return map_leaves(lambda tensor: tensor.numpy(), answer)

    problem = staticmethod(pytorch.Session.problem)


def load(path: str) -> Any:
    """Load what the program has written: tensors in lists, tuples and dicts. PyTorch 1 cannot load
    a file without trusting it."""
    import torch
    from torch.jit import _pickle

    if not hasattr(torch.serialization, "safe_globals"):
        return torch.load(path)
    # libtorch writes these for typed lists.
    with torch.serialization.safe_globals([_pickle.restore_type_tag, _pickle.build_tensorlist]):
        return torch.load(path, weights_only=True)


def refuse_python(running: Program, program: str) -> None:
    """Raises Failure where the running program of the folder `program` has loaded Python."""
    found = python_in(mapped(running.pid), program)
    if found:
        raise Failure(f"the C++ process has loaded Python: {', '.join(found)}")


def python_in(files: Sequence[str], program: str) -> List[str]:
    """The mapped `files` that belong to Python or to the Python side of PyTorch. The folder of the
    program has an empty library of such a name, which does not count."""
    names = ("libpython", "libtorch_python")
    return [
        path
        for path in files
        if os.path.basename(path).startswith(names) and os.path.dirname(path) != program
    ]
