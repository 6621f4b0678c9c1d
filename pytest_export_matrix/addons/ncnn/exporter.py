"""pnnx: ncnn's own conversion of PyTorch models.

What a user types, and what the function here does:

    torch.jit.trace(model, args).save("model.pt")
    pnnx model.pt inputshape=SHAPES inputshape2=OTHER_SHAPES fp16=0

It is traced with gradients on, as by pnnx's own `pnnx.export`: without them PyTorch puts one fused
operator in the place of a transformer layer, and pnnx has no conversion of it.

The second shapes tell pnnx which dimensions are dynamic. By default (`fp16=1`) it rounds the
weights to float16. It writes the network (.param), the weights (.bin) and a script that runs them
(.py): only there it says in which dimension of a tensor ncnn keeps the batch.

It also ends well where it could not convert an operator: it then writes a layer of PyTorch's name.

https://github.com/pnnx/pnnx
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from typing import Any, List, Sequence

from pytest_export_matrix.exporters.context import FLAT, Context
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome
from pytest_export_matrix.vocabulary.processes import describe_code

#: The words of pnnx for the dtypes that it takes.
DTYPES = {
    "torch.float32": "f32",
    "torch.float64": "f64",
    "torch.float16": "f16",
    "torch.bfloat16": "bf16",
    "torch.uint8": "u8",
    "torch.int8": "i8",
    "torch.int16": "i16",
    "torch.int32": "i32",
    "torch.int64": "i64",
    "torch.complex32": "c32",
    "torch.complex64": "c64",
    "torch.complex128": "c128",
}
#: How many times as large a dynamic dimension is in the second shapes. So what divides the one
#: divides the other.
LARGER = 2
#: A line in which pnnx, or the libtorch inside of it, says what went wrong.
ERROR = re.compile(r"^.*(Error: |what\(\): |failed).*$", re.MULTILINE)
#: A line in which it says that it left out or changed something.
REMARK = re.compile(r"^(?:ignore |replace |.*(?:not support|unsupported|exceeds)).*$", re.MULTILINE)


def save(captured: Any, path: str, context: Context) -> str:
    """Trace and convert a flat model into `path`, with the weights and pnnx's script beside it.

    Raises Failure where pnnx ends with an error, leaves no files, or leaves an operator of PyTorch.
    """
    import torch
    from pnnx import EXEC_PATH

    model, tensors = captured
    with torch.enable_grad():
        traced = torch.jit.trace(model, tuple(tensors), check_trace=False)
    folder, param = os.path.split(path)
    stem = os.path.splitext(param)[0]
    written = (param, f"{stem}.bin", f"{stem}.py")
    with tempfile.TemporaryDirectory() as work:
        traced.save(os.path.join(work, "traced.pt"))
        named = zip(("ncnnparam", "ncnnbin", "ncnnpy"), written)
        options = [*_shapes(tensors, context), "fp16=0", *(f"{key}={name}" for key, name in named)]
        printed = _run([EXEC_PATH, "traced.pt", *options], work)
        missing = [name for name in written if not os.path.exists(os.path.join(work, name))]
        if missing:
            reason = f"pnnx ended without an error, and has not written {' and '.join(missing)}"
            raise Failure(reason, detail=printed)
        with open(os.path.join(work, param), encoding="utf-8") as file:
            left = unconverted(file.read())
        if left:
            reason = f"pnnx left operators that ncnn does not have: {', '.join(left)}"
            raise Failure(reason, detail=printed)
        for name in written:
            shutil.move(os.path.join(work, name), os.path.join(folder, name))
    for remark in REMARK.findall(printed):
        warnings.warn(f"pnnx: {remark}", stacklevel=2)
    return FLAT


def unconverted(param: str) -> List[str]:
    """The operators of PyTorch in the text of a .param file. Their names have a dot or a colon in
    them (torch.topk, aten::sort, pnnx.Expression), those of ncnn's layers have not."""
    types = [line.split()[0] for line in param.splitlines()[2:] if line.strip()]
    return sorted({name for name in types if "." in name or ":" in name})


def _shapes(tensors: Sequence[Any], context: Context) -> List[str]:
    """The options that say what the inputs look like."""
    dynamic = context.dynamic_dimensions()
    options = [f"inputshape={_listed(tensors, [tensor.shape for tensor in tensors])}"]
    if any(dynamic):
        other = [
            [side * LARGER if axis in axes else side for axis, side in enumerate(tensor.shape)]
            for tensor, axes in zip(tensors, dynamic)
        ]
        options.append(f"inputshape2={_listed(tensors, other)}")
    return options


def _listed(tensors: Sequence[Any], shapes: Sequence[Sequence[int]]) -> str:
    """For instance [1,3,224,224]f32,[1,7]i64. Raises Failure for a dtype that has no word."""
    words = []
    for number, (tensor, shape) in enumerate(zip(tensors, shapes)):
        dtype = DTYPES.get(str(tensor.dtype))
        if dtype is None:
            raise Failure(f"pnnx takes no input of dtype {tensor.dtype}, as input {number} is")
        words.append(f"[{','.join(str(side) for side in shape)}]{dtype}")
    return ",".join(words)


def _run(command: Sequence[str], folder: str) -> str:
    """What a command printed. Raises Failure where it ends with an error."""
    ended = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    sys.stderr.write(ended.stdout)  # the log of the cell keeps its end
    if ended.returncode:
        said = [match[0].strip() for match in ERROR.finditer(ended.stdout)]
        why = f": {said[-1]}" if said else ""
        outcome = Outcome.CRASHED if ended.returncode < 0 else Outcome.FAILED
        raise Failure(f"pnnx {describe_code(ended.returncode)}{why}", outcome, ended.stdout)
    return ended.stdout
