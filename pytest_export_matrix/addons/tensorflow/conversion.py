"""From an ONNX file to a SavedModel, by onnx2tf as a command in a process of its own.

The options that a file needs to be answered as it is:

    -fdosm          write a SavedModel; by default onnx2tf 2 writes files of TensorFlow Lite alone
    -kat NAME ...   take these inputs as they are; by default NCHW becomes NHWC

There is no option for outputs: onnx2tf returns some in NHWC. `order` tells which, by their shapes.
onnx2tf simplifies the ONNX file in place, so it gets a copy.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome
from pytest_export_matrix.vocabulary.processes import describe_code

#: Of what onnx2tf prints, the end that is kept.
KEPT = 20_000
TRACEBACK = "Traceback (most recent call last):"
#: How Python ends a traceback that is the cause of the next one.
LEADS_TO = ("direct cause of the following exception:", "another exception occurred:")
#: How its errors name operators that it does not know, and one that it has no SavedModel for.
OPERATORS = re.compile(r"onnxOp=(\w+)|unsupported_op_types=\[([^\]]*)\]")
MODULE = re.compile(r"^(\w+\.)+(?=\w+: )")
INSIDE = re.compile(r"^ +(\w+: .+)$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Converted:
    """The folder of a SavedModel; the names of the ONNX file's inputs, and its outputs with their
    shapes: a number for each dimension, None where it is open. None for a shape that is not said.
    """

    folder: str
    inputs: List[str]
    outputs: Dict[str, Optional[List[Optional[int]]]]


def convert(path: str, folder: str, threads: int) -> Converted:
    """Convert the ONNX file at `path` into the folder `folder`.

    Raises Failure with what onnx2tf says where it cannot, dies, or writes no SavedModel.
    """
    import onnx

    model = onnx.load(path, load_external_data=False)
    # Exporters leave dimensions open that follow from others.
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    constants = {each.name for each in graph.initializer}
    inputs = [each.name for each in graph.input if each.name not in constants]
    copied = shutil.copytree(os.path.dirname(path), os.path.join(folder, "onnx"))
    source = os.path.join(copied, os.path.basename(path))
    target = os.path.join(folder, "saved_model")
    words = [sys.executable, "-m", "onnx2tf", "-i", source, "-o", target, "-fdosm", "-v", "warn"]
    ended = subprocess.run(
        [*words, *(["-kat", *inputs] if inputs else [])],
        env=_variables(threads),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed = COLOUR.sub("", ended.stdout[-KEPT:].decode("utf-8", "replace"))
    printed = printed.replace(folder, "<folder>")
    if ended.returncode < 0:
        raise Failure(f"onnx2tf was {describe_code(ended.returncode)}", Outcome.CRASHED, printed)
    if ended.returncode:
        raise Failure(reason(cause(printed)), detail=printed)
    if not os.path.isfile(os.path.join(target, "saved_model.pb")):
        there = sorted(os.listdir(target)) if os.path.isdir(target) else []
        what = ", ".join(there) or "nothing"
        text = f"onnx2tf ended without an error and wrote no SavedModel, but {what}"
        raise Failure(text, detail=printed)
    sys.stderr.write(printed)
    return Converted(target, inputs, {each.name: _shape(each) for each in graph.output})


def _variables(threads: int) -> Dict[str, str]:
    """The environment of onnx2tf: it calls `onnxsim`, which lies beside its Python."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    return {
        **os.environ,
        "PATH": path,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "TQDM_DISABLE": "1",
    }


def cause(printed: str) -> str:
    """The error that the last chain of tracebacks in `printed` begins with; without a traceback the
    last line.

    TensorFlow raises "ValueError: in user code:", with the error itself at the end.

    >>> cause("Traceback (most recent call last):\\n  File x\\nKeyError: 'Foo'\\n")
    "KeyError: 'Foo'"
    """
    *before, last = printed.split(TRACEBACK)
    if not before:
        return (last.strip().splitlines() or ["it says nothing"])[-1]
    while before and before[-1].rstrip().endswith(LEADS_TO):  # the first one may be cut off
        last = before.pop()
    lines = [line for line in last.splitlines() if line[:1].strip()]
    error = lines[0] if lines else "it says nothing"
    inside = INSIDE.findall(last) if error.endswith("in user code:") else []
    return inside[-1] if inside else error


def reason(error: str) -> str:
    """A reason that begins with the operators that an error of onnx2tf names, if it names some."""
    found = [one or more.replace("'", "") for one, more in OPERATORS.findall(error)]
    what = ", ".join(dict.fromkeys(found)) or "the file"
    return f"onnx2tf could not convert {what}: {MODULE.sub('', error)}"


def _shape(value: Any) -> Optional[List[Optional[int]]]:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return [each.dim_value if each.HasField("dim_value") else None for each in kind.shape.dim]


def order(
    asked: Optional[Sequence[Optional[int]]], found: Optional[Sequence[Optional[int]]]
) -> Optional[List[int]]:
    """How to transpose an output of the shape `found`, so that it has the shape `asked`, where its
    channels were moved to the end. None where it is to be left as it is, or that cannot be told.

    >>> order([1, 5, 192, 256], [1, 192, 256, 5])
    [0, 3, 1, 2]
    >>> order([None, 5, None, None], [None, 5, None, None])
    """
    if not asked or not found or len(asked) != len(found) or len(asked) < 3:
        return None
    back = [0, len(asked) - 1, *range(1, len(asked) - 1)]
    moved = _agreement(asked, [found[axis] for axis in back])
    return back if moved > _agreement(asked, found) else None


def _agreement(asked: Sequence[Optional[int]], found: Sequence[Optional[int]]) -> int:
    """How many dimensions are known and alike; -1 where some differ."""
    known = [(a, b) for a, b in zip(asked, found) if a is not None and b is not None]
    return len(known) if all(a == b for a, b in known) else -1
