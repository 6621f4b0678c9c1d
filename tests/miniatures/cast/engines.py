"""Engines that do not import pytest-export-matrix, as in a project of a user."""

from __future__ import annotations

import ctypes
import threading
from typing import Any, List

import numpy as np
import torch


class Engine:
    def __init__(self, path: str, device: str, threads: int) -> None:
        self.module = torch.jit.load(path, map_location=device)

    def run(self, arguments: Any) -> List[Any]:
        with torch.no_grad():
            answer = self.module(*map(torch.from_numpy, arguments))
        tensors = [answer] if isinstance(answer, torch.Tensor) else answer
        return [tensor.numpy() for tensor in tensors]


class OffByOnePercent(Engine):
    def run(self, arguments: Any) -> List[Any]:
        answer = super().run(arguments)
        return [array * np.float32(1.01) if array.dtype.kind == "f" else array for array in answer]


class DropsAnOutput(Engine):
    def run(self, arguments: Any) -> List[Any]:
        return super().run(arguments)[1:]


class GivesItsLastAnswerWhenAskedAgain(Engine):
    """It hands out one buffer, so that what it has answered changes as well."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        super().__init__(path, device, threads)
        self.buffers: List[Any] = []
        self.known: List[bytes] = []

    def run(self, arguments: Any) -> List[Any]:
        key = arguments[0].tobytes()
        answer = super().run(arguments) if key not in self.known else self.buffers
        self.known.append(key)
        self.buffers = self.buffers or [array.copy() for array in answer]
        for buffer, array in zip(self.buffers, answer):
            buffer[...] = array
        return self.buffers


class Raises(Engine):
    def run(self, arguments: Any) -> List[Any]:
        raise LookupError("no kernel of that name\nsee the table of kernels")


class SegfaultsOnRun(Engine):
    def run(self, arguments: Any) -> Any:
        return ctypes.string_at(0)


class HangsOnRun(Engine):
    def run(self, arguments: Any) -> Any:
        threading.Event().wait()
