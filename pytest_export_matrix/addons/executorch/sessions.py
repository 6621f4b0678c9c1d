"""Run .pte files from C++, by the program in this folder, and from Python.

A program is called with its tensors in the order of the exported arguments, which is all that a
file says of them. Both sessions check how many there are; ExecuTorch checks their types, and that
they have no more elements than the largest input that the file was exported for.
"""

from __future__ import annotations

import contextlib
import os
import stat
import traceback
from typing import Any, Iterator, List, Optional, Sequence

from pytest_export_matrix.addons.executorch import RUNNER
from pytest_export_matrix.runtimes.program import Program, ProgramSession
from pytest_export_matrix.vocabulary.outcomes import Failure


def problem(device: str) -> Optional[str]:
    """Why neither session can work on `device`; None where both can."""
    return None if device == "cpu" else f"ExecuTorch's package has no kernels for {device}"


class PythonSession:
    """The method `forward` of a program, in ExecuTorch's Python runtime. Its answers are copies."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime

        portable_lib._unsafe_reset_threadpool(threads)
        used = portable_lib._threadpool_get_thread_count()
        if used != threads:
            raise RuntimeError(f"asked for {threads} threads, ExecuTorch uses {used}")
        with logged_cause():
            # The method is of use as long as its program is kept.
            self.program = Runtime.get().load_program(path)
            self.method: Any = self.program.load_method("forward")

    def run(self, arguments: Any) -> Any:
        import torch

        inputs = self.method.metadata.num_inputs()
        if inputs != len(arguments):
            raise ValueError(f"the file takes {inputs} inputs, {len(arguments)} given")
        with logged_cause():
            return self.method.execute([torch.from_numpy(array) for array in arguments])

    problem = staticmethod(problem)


@contextlib.contextmanager
def logged_cause() -> Iterator[None]:
    """Put before an exception what was logged ahead of it. ExecuTorch raises the number of an error
    alone; what is wrong stands in its log, on standard error, which a worker keeps in a file."""
    before = os.fstat(2)
    try:
        yield
    except RuntimeError as error:
        logged = b""
        if stat.S_ISREG(before.st_mode):
            with open("/dev/fd/2", "rb") as log:
                log.seek(before.st_size)
                logged = log.read()
        lines = [*logged.decode(errors="replace").splitlines(), f"{error}"]
        raise Failure("\n".join(lines), detail=traceback.format_exc()) from error


class CppSession(ProgramSession):
    """A program in a process of the C++ runtime, without Python. See runner.cpp for the files that
    it reads and writes."""

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        self.program = Program([os.path.join(program, RUNNER), path, str(threads)])

    def run(self, arguments: Any) -> Any:
        write(self.program.input, arguments)
        return read(self.program.run())

    problem = staticmethod(problem)


def write(path: str, arrays: Sequence[Any]) -> None:
    """Write the inputs of a call."""
    import numpy as np

    with open(path, "wb") as file:
        for array in arrays:
            words = [array.dtype.name, array.ndim, *array.shape]
            file.write(f"{' '.join(map(str, words))}\n".encode())
            file.write(np.ascontiguousarray(array).tobytes())


def read(path: str) -> List[Any]:
    """Read the answer of a call. Its memory may be in another order than its dimensions."""
    import numpy as np

    arrays = []
    with open(path, "rb") as file:
        for line in iter(file.readline, b""):
            name, *numbers = line.decode().split()
            rank, *rest = map(int, numbers)
            shape, dtype = tuple(rest[:rank]), np.dtype(name)
            strides = tuple(stride * dtype.itemsize for stride in rest[rank:])
            data = file.read(int(np.prod(shape)) * dtype.itemsize)
            arrays.append(np.ndarray(shape, dtype, data, strides=strides))
    return arrays
