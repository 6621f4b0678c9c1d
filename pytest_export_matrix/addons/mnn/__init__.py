"""MNN from Python, on a CPU, with ONNX files. MNN's own converter turns them into its format first.

What a user types, and what the session does:

    mnnconvert -f ONNX --modelFile model.onnx --MNNModel model.mnn --bizCode MNN
    MNN.nn.load_module_from_file("model.mnn", [], [], runtime_manager=RUNTIME_MANAGER)

The command `mnnconvert` has pip install a package that reports each conversion to the makers of
MNN. The session calls the converter below it, which does not.

It knows neither int64 nor booleans: it takes and answers int32 in their place. On an x86 CPU it
computes in float32 in each of its precisions. Yet by default it convolves by Winograd's algorithm
in tiles so large that rounding grows, five hundred times for kernels of 5 x 5. `Float32Session`
asks for the smallest tiles.

https://mnn-docs.readthedocs.io/en/latest/tools/convert.html
https://mnn-docs.readthedocs.io/en/latest/inference/module.html
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from typing import Any, Mapping, Optional, Sequence

from pytest_export_matrix.runtimes.onnxruntime import feeds
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome
from pytest_export_matrix.vocabulary.processes import describe_code

CONVERTER = (sys.executable, "-I", "-c", "import sys, _tools; _tools.mnnconvert(sys.argv)")
#: The number of a hint: how much memory Winograd's algorithm may take. With 0 its tiles are small.
WINOGRAD_MEMORY_LEVEL = 3
#: What the converter says where it fails. It ends without an error then, too.
ERROR = re.compile(r"These Op Not Support: .*|Check failed: .*|\[ERROR\] .*")


class Session:
    """A module of MNN, which takes inputs of any shape."""

    converter: Sequence[str] = CONVERTER
    hints: Mapping[int, int] = {}

    def __init__(self, path: str, device: str, threads: int) -> None:
        import MNN

        with tempfile.TemporaryDirectory(dir=os.getcwd(), prefix="mnn-") as folder:
            converted = os.path.join(folder, "model.mnn")
            convert(self.converter, path, converted)
            manager = MNN.nn.create_runtime_manager(({"backend": "CPU", "numThread": threads},))
            for hint, value in self.hints.items():
                manager.set_hint(hint, value)
            try:
                load = MNN.nn.load_module_from_file
                self.module = load(converted, [], [], runtime_manager=manager)
            except SystemError as error:  # with MNN's own exception as its cause
                raise Failure("MNN cannot load what its converter wrote") from error
        info = self.module.get_info()
        self.names, self.outputs = info["inputNames"], info["outputNames"]
        self.dtypes = [each.dtype for each in info["inputs"]]

    def run(self, arguments: Any) -> Any:
        given = feeds(self.names, arguments)
        inputs = [
            _variable(name, given[name], dtype) for name, dtype in zip(self.names, self.dtypes)
        ]
        answers = self.module.forward(inputs)
        if len(answers) != len(self.outputs):
            asked = ", ".join(self.outputs)
            raise RuntimeError(f"MNN answered {len(answers)} of its outputs {asked}; see its log")
        return [_array(answer) for answer in answers]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"MNN is installed without the libraries for {device}"


class Float32Session(Session):
    hints = {WINOGRAD_MEMORY_LEVEL: 0}  # noqa: RUF012


def convert(converter: Sequence[str], path: str, target: str) -> None:
    """Convert an ONNX file into `target`. Raises Failure where the converter does not write it."""
    ended = subprocess.run(
        [*converter, "-f", "ONNX", "--modelFile", path, "--MNNModel", target, "--bizCode", "MNN"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    sys.stderr.write(ended.stdout)  # the log of the cell keeps its end
    if os.path.exists(target) and not ended.returncode:
        return
    said = ERROR.search(ended.stdout)
    why = f": {said[0]}" if said else ""
    if ended.returncode:
        outcome = Outcome.CRASHED if ended.returncode < 0 else Outcome.FAILED
        how = describe_code(ended.returncode)
        raise Failure(f"MNN's converter {how}{why}", outcome, ended.stdout)
    raise Failure(f"MNN's converter wrote no file{why}", detail=ended.stdout)


def _variable(name: str, array: Any, dtype: Any) -> Any:
    """An input in the dtype that MNN has for it. Raises ValueError where that changes a value."""
    import numpy as np
    from MNN import expr

    known = {expr.float: np.float32, expr.int: np.int32, expr.uint8: np.uint8}
    if dtype not in known:
        raise ValueError(f"{name} is of {array.dtype}: MNN takes {dtype}, and not from Python")
    cast = np.ascontiguousarray(array, known[dtype])
    if not np.array_equal(cast, array, equal_nan=array.dtype.kind == "f"):
        raise ValueError(f"{name} holds values of {array.dtype} that are none of MNN's {dtype}")
    return expr.const(cast, list(array.shape), expr.NCHW, dtype)


def _array(answer: Any) -> Any:
    import numpy as np
    from MNN import expr

    if answer.data_format == expr.NC4HW4:
        answer = expr.convert(answer, expr.NCHW)
    return np.array(answer.read())
