"""Runtimes, named by behaviour: each is the real one and falsifies its answer.

The files they are given answer with a flat tuple of arrays, (boxes, labels, scores) an image.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from flat import Session

BLOCK, BLOCKS = 32 << 20, 200


class AnswersRightly(Session):
    pass


class Falsifies(Session):
    def run(self, arguments: Any) -> Any:
        return self.falsify(super().run(arguments))

    def falsify(self, outputs: Any) -> Any:
        raise NotImplementedError


class OffByOnePercent(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return tuple(array * 1.01 if array.dtype.kind == "f" else array for array in outputs)


class DropsAnOutput(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return outputs[:-1]


class SwapsXAndY(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        boxes, *others = outputs
        return (boxes[:, [1, 0, 3, 2]], *others)


class OneDetectionTooMany(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        boxes, labels, scores = outputs
        box = np.array([[500, 500, 510, 510]], boxes.dtype)
        label, score = np.array([1], labels.dtype), np.array([0.99], scores.dtype)
        return tuple(
            np.concatenate(pair) for pair in ((boxes, box), (labels, label), (scores, score))
        )


class AnswersNaN(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return tuple(array * np.nan if array.dtype.kind == "f" else array for array in outputs)


class AnswersNothing(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return tuple(array[:0] for array in outputs)


class WrongDtype(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        first, *others = outputs
        return (first.astype("float64"), *others)


class WrongShape(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        *others, last = outputs
        return (*others, last[:, None])


class WrongOrder(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return tuple(reversed(outputs))


class AnswersForOneImage(Falsifies):
    """A flat answer loses the arrays of the other images, a structured one their dicts."""

    def falsify(self, outputs: Any) -> Any:
        return outputs[:3] if isinstance(outputs, tuple) else outputs[:1]


class SegfaultsOnLoad(Session):
    def __init__(self, path: str, device: str, threads: int) -> None:
        ctypes.string_at(0)


class SegfaultsOnRun(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return ctypes.string_at(0)


class ExitsOnRun(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        os._exit(0)


class HangsOnLoad(Session):
    def __init__(self, path: str, device: str, threads: int) -> None:
        threading.Event().wait()


class HangsOnRun(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        threading.Event().wait()


class AllocatesOnRun(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        held = []
        for _ in range(BLOCKS):
            held.append(b"x" * BLOCK)
        raise AssertionError("nobody stopped this")


class PrintsMegabytes(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        sys.stdout.write("runtime chatter\n" * 200_000)
        os.write(2, b"runtime chatter\n" * 200_000)
        return outputs


class Warns(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        warnings.warn("this engine is deprecated", DeprecationWarning, stacklevel=2)
        return outputs


class Unpickles:
    def __init__(self, path: str, device: str, threads: int) -> None:
        import torch

        self.model = torch.load(path, weights_only=False)

    def run(self, arguments: Any) -> Any:
        return self.model(*arguments)


def tries(what: str) -> int:
    """How many times this was called for `what` in this project, this time included."""
    with open(Path(__file__).with_name(f"{what}.log"), "a+", encoding="utf-8") as log:
        log.write("x")
        log.seek(0)
        return len(log.read())


class FailsTheFirstTime(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        if tries("runs") == 1:
            raise RuntimeError("not this time")
        return outputs


class FailsEveryTime(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        tries("failed_runs")
        raise RuntimeError("never")


class DoublesWithNumpy:
    """Needs neither torch nor the file."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        pass

    def run(self, arguments: Any) -> Any:
        return (arguments[0] * np.float32(2),)


class SaysWhatItSees(DoublesWithNumpy):
    def run(self, arguments: Any) -> Any:
        import json
        from importlib import util

        names = ("torch", "pytest", "filelock", "leaked", "numpy")
        seen = {
            "python": list(sys.version_info[:2]),
            "numpy": np.__version__,
            "importable": [name for name in names if util.find_spec(name)],
            "variables": [name for name in os.environ if name.startswith("PYTHON")],
        }
        raise RuntimeError("seen " + json.dumps(seen))


class ForgetsProbabilities(Falsifies):
    """Every row but the first four is zero."""

    def falsify(self, outputs: Any) -> Any:
        (array,) = outputs
        array[:, 4:] = 0
        return (array,)


class AddsAHundredth(Falsifies):
    """To every value that is no sentinel."""

    def falsify(self, outputs: Any) -> Any:
        return tuple(np.where(array > -1e8, array + np.float32(0.01), array) for array in outputs)


class DropsTheImaginaryPart(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return tuple(array.real.astype(array.dtype) for array in outputs)


class HasNoInt64(Falsifies):
    """And its labels are wrong."""

    def falsify(self, outputs: Any) -> Any:
        return tuple(
            array.astype("i4") + 1 if array.dtype.kind == "i" else array for array in outputs
        )


class TurnsTheQueries(Falsifies):
    """The same queries, the last one first."""

    def falsify(self, outputs: Any) -> Any:
        return tuple(np.ascontiguousarray(array[:, ::-1]) for array in outputs)


class OffByATenth(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return tuple(
            array * array.dtype.type(1.1) if array.dtype.kind == "f" else array for array in outputs
        )


class ComputesInFloat16(Falsifies):
    def falsify(self, outputs: Any) -> Any:
        return tuple(
            array.astype("f2").astype(array.dtype) if array.dtype.kind == "f" else array
            for array in outputs
        )
