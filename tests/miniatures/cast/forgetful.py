"""Engines that remember something from one call to the next, named by what they do with it."""

from __future__ import annotations

import ctypes
from typing import Any, List, Optional, Set

import numpy as np
from flat import Session


class HandsOutOneBuffer(Session):
    """What it answered is overwritten by the next answer."""

    buffers: Optional[List[Any]] = None

    def run(self, arguments: Any) -> Any:
        answer = super().run(arguments)
        if self.buffers is None:
            self.buffers = [np.empty_like(array) for array in answer]
        for buffer, array in zip(self.buffers, answer):
            buffer[...] = array
        return tuple(self.buffers)


class WritesIntoItsInputs(Session):
    def run(self, arguments: Any) -> Any:
        answer = super().run(arguments)
        for array in arguments:
            array[...] = 7
        return answer


class KnowsInputs(Session):
    """Answers rightly until it is asked again."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        super().__init__(path, device, threads)
        self.known: Set[bytes] = set()
        self.last: Any = None

    def run(self, arguments: Any) -> Any:
        key = b"".join(array.tobytes() for array in arguments)
        answer = self.again(arguments) if key in self.known else super().run(arguments)
        self.known.add(key)
        self.last = answer
        return answer

    def again(self, arguments: Any) -> Any:
        raise NotImplementedError


class GivesTheLastAnswerAgain(KnowsInputs):
    def again(self, arguments: Any) -> Any:
        return self.last


class RaisesWhenAskedAgain(KnowsInputs):
    def again(self, arguments: Any) -> Any:
        raise RuntimeError("this stream has ended")


class SegfaultsWhenAskedAgain(KnowsInputs):
    def again(self, arguments: Any) -> Any:
        return ctypes.string_at(0)


class LeavesRows(Session):
    """After a larger image, its rows are still there."""

    pixels = 0
    rows: Any = None

    def run(self, arguments: Any) -> Any:
        answer = super().run(arguments)
        pixels = sum(array.size for array in arguments)
        left, self.rows = self.rows, answer
        smaller, self.pixels = pixels < self.pixels, pixels
        if smaller:
            answer = tuple(np.concatenate(pair) for pair in zip(answer, left))
        return answer


class IsOffByOnePercentThroughout(Session):
    def run(self, arguments: Any) -> Any:
        return tuple(array * np.float32(1.01) for array in super().run(arguments))


class AnswersWords(Session):
    def run(self, arguments: Any) -> Any:
        return (np.array(["cat"]), *super().run(arguments)[1:])


class AnswersObjects(Session):
    def run(self, arguments: Any) -> Any:
        return tuple(array.astype(object) for array in super().run(arguments))
