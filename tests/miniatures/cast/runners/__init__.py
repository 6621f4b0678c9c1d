"""Runtimes whose engine is a program in C++, named by what it does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from pytest_export_matrix.runtimes import cmake
from pytest_export_matrix.runtimes.program import Program, ProgramSession

HERE = Path(__file__).parent


def build(out: str) -> None:
    with open(HERE.parent / "builds.log", "a", encoding="utf-8") as log:
        log.write("built\n")
    cmake.build(str(HERE), "runner", out, {})


class AnswersRightly(ProgramSession):
    how = "answers_rightly"

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        self.program = Program([os.path.join(program, "runner"), self.how])

    def run(self, arguments: Any) -> Any:
        (batch,) = arguments
        batch.tofile(self.program.input)
        answered = np.fromfile(self.program.run(), np.float32)
        return list(answered.reshape(-1, *batch.shape))


class SegfaultsOnLoad(AnswersRightly):
    how = "segfaults_on_load"


class FailsOnLoad(AnswersRightly):
    how = "fails_on_load"


class SegfaultsOnRun(AnswersRightly):
    how = "segfaults_on_run"


class ExitsOnRun(AnswersRightly):
    how = "exits_on_run"


class HangsOnRun(AnswersRightly):
    how = "hangs_on_run"


class PrintsGarbage(AnswersRightly):
    how = "prints_garbage"


class AnswersTwice(AnswersRightly):
    how = "answers_twice"


class WritesNothing(AnswersRightly):
    how = "writes_nothing"
