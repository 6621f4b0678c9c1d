"""Engines that would rather look the right answer up than give it, named by where they look.

Each of them is given the right answer by the real engine, only to recognise it. It answers what it
has found elsewhere, and zeros where it has found nothing.
"""

from __future__ import annotations

import gc
import glob
import inspect
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
from flat import Session

PATH = re.compile(r'"(/[^"]+)"')


class Looks(Session):
    def __init__(self, path: str, device: str, threads: int) -> None:
        super().__init__(path, device, threads)
        self.path = path

    def look(self) -> Iterator[Any]:
        raise NotImplementedError

    def run(self, arguments: Any) -> Any:
        seen = list(self.look())
        right = super().run(arguments)
        return tuple(self.recognised(seen, each) for each in right)

    def recognised(self, seen: List[Any], right: Any) -> Any:
        for each in seen:
            if each.shape == right.shape and np.allclose(each, right, rtol=1e-3):
                return each
        return np.zeros_like(right)


def frames() -> Iterator[Any]:
    frame = inspect.currentframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


class LooksIntoFrames(Looks):
    """Follows whatever the callers hold."""

    def look(self) -> Iterator[Any]:
        pending: List[Any] = [frame.f_locals for frame in frames()]
        known = set()
        while pending:
            each = pending.pop()
            if isinstance(each, np.ndarray):
                yield each
            if id(each) in known or each is self:
                continue
            known.add(id(each))
            if isinstance(each, dict):
                pending += each.values()
            elif isinstance(each, (list, tuple)):
                pending += each
            elif hasattr(each, "__dict__") and not inspect.ismodule(each):
                pending.append(vars(each))


class LooksIntoMemory(Looks):
    """Looks at every object that the garbage collector knows."""

    def look(self) -> Iterator[Any]:
        for each in gc.get_objects():
            held = each.values() if isinstance(each, dict) else each
            if isinstance(each, (dict, list, tuple)):
                yield from (item for item in list(held) if type(item) is np.ndarray)


class LooksIntoFiles(Looks):
    """Reads all files beside its own, in its folder for temporary files, and where the frames, the
    variables and these files say that something lies."""

    def look(self) -> Iterator[Any]:
        above = Path(self.path).parents
        places = {str(above[0]), str(above[1]), str(above[2] / "reference"), os.getcwd()}
        places |= set(glob.glob(os.path.join(tempfile.gettempdir(), "export-matrix-*")))
        told = [repr(frame.f_locals) for frame in frames()] + [repr(sys.argv)]
        texts = [re.sub("'", '"', text) for text in told]
        texts += [json.dumps(value) for value in os.environ.values()]
        seen = set()
        while places or texts:
            for text in texts:
                places |= {path for path in PATH.findall(text) if self.is_of_the_run(path)}
            texts = []
            for place in places - seen:
                for file in [place, *glob.glob(os.path.join(place, "**"), recursive=True)]:
                    if file.endswith(".npz"):
                        yield from self.arrays(file)
                    elif file.endswith((".json", ".jsonl", ".txt")):
                        texts.append(Path(file).read_text("utf-8", "replace"))
            seen |= places
            places = set()

    def is_of_the_run(self, path: str) -> bool:
        """Whether to follow a path that was read somewhere. The project's own folder is known to
        every session: it holds the session itself."""
        return os.path.exists(path) and "cache" in Path(path).parts

    def arrays(self, file: str) -> Iterator[Any]:
        with np.load(file) as data:
            yield from (data[name] for name in data.files if data[name].dtype.kind == "f")


class OffByOnePercent(Session):
    def run(self, arguments: Any) -> Any:
        return tuple(array * np.float32(1.01) for array in super().run(arguments))


class PatchesNumpy(OffByOnePercent):
    """There is no distance between any two numbers any more."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        super().__init__(path, device, threads)
        np.abs = lambda array, **_: np.zeros_like(array)
        np.allclose = lambda *_, **__: True
        np.testing.assert_allclose = lambda *_, **__: None


class PatchesJson(OffByOnePercent):
    """Whatever failed is written as passed."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        super().__init__(path, device, threads)
        dump = json.dump

        def passed(value: Any, *others: Any, **more: Any) -> None:
            if isinstance(value, dict) and "outcome" in value:
                value = {**value, "outcome": "passed", "stage": "compare", "reason": ""}
            dump(value, *others, **more)

        json.dump = passed


def task() -> Dict[str, Any]:
    """What the task is asked, and the folder that its answer belongs into."""
    found: Dict[str, Any] = {}
    for frame in frames():
        found = {**frame.f_locals, **found}
    (started,) = glob.glob(os.path.join(os.getcwd(), "*", "started.json"))
    return {"request": found["request"], "folder": os.path.dirname(started)}


class WritesThatItPassed(Session):
    """Writes the answer of its task itself, and ends."""

    def run(self, arguments: Any) -> Any:
        answer = {"outcome": "passed", "stage": "compare", "ran": 4}
        Path(task()["folder"], "answer.json").write_text(json.dumps(answer), encoding="utf-8")
        os._exit(0)


class WritesOtherAnswers(OffByOnePercent):
    """Writes something into the folder of the answers, once it has given some."""

    def run(self, arguments: Any) -> Any:
        folder = Path(task()["request"].answers)
        if len(list(folder.iterdir())) == 2:
            self.write(folder)
        return super().run(arguments)

    def write(self, folder: Path) -> None:
        raise NotImplementedError


class AnswersMoreThanItIsAsked(WritesOtherAnswers):
    def write(self, folder: Path) -> None:
        (folder / "99.npz").write_bytes((folder / "0.npz").read_bytes())


class SpoilsAnAnswer(WritesOtherAnswers):
    def write(self, folder: Path) -> None:
        (folder / "0.npz").write_bytes(b"right")


class ReplacesAnAnswerByALink(WritesOtherAnswers):
    def write(self, folder: Path) -> None:
        (folder / "0.npz").unlink()
        (folder / "0.npz").symlink_to(folder / "1.npz")


class ExitsAfterTwoAnswers(Session):
    answered = 0

    def run(self, arguments: Any) -> Any:
        self.answered += 1
        if self.answered > 2:
            os._exit(0)
        return super().run(arguments)
