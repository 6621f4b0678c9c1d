"""The files between an engine and the comparison: the inputs that it gets, the answers it gives.

Both are npz files. The arrays of an answer are named 0, 1, ...; `structure` is the JSON of how they
are nested. An answer is written before the engine is called again, so it is what the engine
answered, whatever becomes of the engine's memory.
"""

from __future__ import annotations

import json
import os
import stat
import zipfile
from typing import Any, List

from pytest_export_matrix.compare.answers import KeptCase
from pytest_export_matrix.vocabulary.outcomes import Failure
from pytest_export_matrix.vocabulary.pytrees import flatten, unflatten
from pytest_export_matrix.worker.cases import ARRAYS
from pytest_export_matrix.worker.messages import AskedCase

SUFFIX, STRUCTURE = ".npz", "structure"
#: The kinds of dtypes that hold numbers: boolean, integers, floating point, complex.
NUMBERS = "biufc"


def copy_inputs(folder: str, path: str) -> None:
    """Write only the inputs of the case that is kept in `folder` to `path`. Needs no numpy."""
    with zipfile.ZipFile(os.path.join(folder, ARRAYS)) as kept, zipfile.ZipFile(path, "w") as copy:
        for name in kept.namelist():
            if name.startswith("input_"):
                copy.writestr(name, kept.read(name))


def read_inputs(asked: AskedCase) -> KeptCase:
    """The case as an engine knows it: without an answer."""
    import numpy as np

    with np.load(asked.arrays, allow_pickle=False) as data:
        arrays = [data[f"input_{i}"] for i in range(len(data.files))]
    return KeptCase(input=arrays, output=[], inputs=asked.structure, outputs={}, label=asked.label)


def keep_answer(folder: str, number: int, answer: Any) -> None:
    """Write the answer of call `number`, a tree of arrays.

    Raises Failure where a file cannot hold it: for arrays of anything but numbers, and for keys
    that JSON does not have.
    """
    import numpy as np

    arrays, spec = flatten(answer)
    for array in arrays:
        if array.dtype.kind not in NUMBERS:
            raise Failure(f"it answered an array of dtype {array.dtype}, which holds no numbers")
    structure = _dumps(spec)
    if json.loads(structure) != spec:
        raise Failure(f"it answered a dict whose keys are not all texts or numbers: {structure}")
    path = os.path.join(folder, f"{number}{SUFFIX}")
    with open(f"{path}.partial", "wb") as file:
        named = {str(i): array for i, array in enumerate(arrays)}
        np.savez(file, **named, **{STRUCTURE: np.array(structure)})
    os.replace(f"{path}.partial", path)


def _dumps(spec: Any) -> str:
    try:
        return json.dumps(spec)
    except TypeError as error:
        raise Failure(
            f"it answered a dict whose keys are not all texts or numbers: {error}"
        ) from error


def read_answers(folder: str, count: int) -> List[Any]:
    """The answers of calls 0, 1, ..., each a tree of arrays.

    Raises Failure unless there are just `count` of them and all of them can be read. The engine's
    process may have written anything here.
    """
    expected = [f"{number}{SUFFIX}" for number in range(count)]
    there = set(os.listdir(folder))
    missing = [name for name in expected if name not in there]
    if missing:
        raise Failure(f"the engine ended without an answer to {len(missing)} of {count} calls")
    unasked = sorted(there.difference(expected))
    if unasked:
        raise Failure(f"the engine left more than its answers: {unasked[0]!r}")
    return [_read_answer(os.path.join(folder, name), name) for name in expected]


def _read_answer(path: str, name: str) -> Any:
    import numpy as np

    from pytest_export_matrix.worker.task import failure

    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Failure(f"the answer {name} is no file of its own")
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = [data[str(i)] for i in range(len(data.files) - 1)]
            structure = json.loads(str(data[STRUCTURE]))
        answer = unflatten(arrays, structure)
    except Exception as error:  # a file of any content
        found = failure(error)
        reason = f"the answer {name} cannot be read: {found.reason}"
        raise Failure(reason, found.outcome, found.detail) from error
    odd = [array.dtype for array in arrays if array.dtype.kind not in NUMBERS]
    if odd:
        raise Failure(f"the answer {name} holds an array of dtype {odd[0]}")
    return answer
