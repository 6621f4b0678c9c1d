"""Engines that double their input rightly up to six, named by what they do above."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import numpy as np


class ClipsAboveSix:
    def __init__(self, path: str, device: str, threads: int) -> None:
        pass

    def run(self, arguments: Any) -> Any:
        (batch,) = arguments
        return [2 * batch if batch.max() <= 6 else self.above(batch)]

    def above(self, batch: Any) -> Any:
        return np.minimum(2 * batch, np.float32(12))


class RaisesAboveSix(ClipsAboveSix):
    def above(self, batch: Any) -> Any:
        raise OverflowError("more than this engine can count")


class SegfaultsAboveSix(ClipsAboveSix):
    def above(self, batch: Any) -> Any:
        return ctypes.string_at(0)


class HangsAboveSix(ClipsAboveSix):
    def above(self, batch: Any) -> Any:
        threading.Event().wait()
