"""The folder that an engine works from: copies of what it needs, and nothing of what is expected.

It lies outside of the store. An engine that looks around beside its file finds neither the eager
answers nor a way to them, and what it writes there harms no stored file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, List, Sequence

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.store import ENTRY
from pytest_export_matrix.machine import temporary
from pytest_export_matrix.vocabulary.errors import CacheError
from pytest_export_matrix.worker import calls
from pytest_export_matrix.worker.messages import AskedCase

#: What reasons call the folder, whose name is another one each time.
SHOWN = "<engine>"


@dataclass(frozen=True)
class EngineFolder:
    """`file` is the exported file with all that belongs to it, `program` the folder of a program
    or empty."""

    path: Path
    file: str
    program: str
    cases: List[AskedCase]

    def answers(self) -> str:
        """A new folder for answers."""
        return tempfile.mkdtemp(dir=self.path, prefix="answers-")

    def shown(self, answer: StepAnswer) -> StepAnswer:
        """`answer`, without the name of this folder in its words."""

        def words(text: str) -> str:
            return text.replace(str(self.path), SHOWN)

        warnings = [replace(each, message=words(each.message)) for each in answer.warnings]
        return replace(
            answer,
            reason=words(answer.reason),
            detail=words(answer.detail),
            log=words(answer.log),
            warnings=warnings,
        )


@contextlib.contextmanager
def engine_folder(
    exported: StepAnswer, cases: Sequence[StepAnswer], program: str = ""
) -> Iterator[EngineFolder]:
    """Copy the file of `exported`, the inputs of `cases` and the folder `program`. The folder is
    removed afterwards.

    Raises CacheError where there is no room for it.
    """
    path = Path(os.path.realpath(temporary.make()))
    try:
        try:
            filled = _fill(path, exported, cases, program)
        except OSError as error:
            where = f"temporary folder {path.parent}"
            raise CacheError(where, str(error), remedy=temporary.REMEDY) from error
        yield filled
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _fill(
    path: Path, exported: StepAnswer, cases: Sequence[StepAnswer], program: str
) -> EngineFolder:
    assert exported.written is not None
    _copy_entry(exported.folder, path / "file")
    if program:
        _copy_entry(program, path / "program")
    (path / "inputs").mkdir()
    asked = []
    for number, case in enumerate(cases):
        assert case.eager is not None
        arrays = str(path / "inputs" / f"{number}.npz")
        calls.copy_inputs(case.folder, arrays)
        asked.append(AskedCase(arrays, case.eager.inputs, case.eager.label))
    file = str(path / "file" / exported.written.file)
    return EngineFolder(path, file, str(path / "program") if program else "", asked)


def _copy_entry(folder: str, target: Path) -> None:
    """Copy the files of an entry of the store, without what the store knows of them. What a link
    points to is copied too: no link leads back."""
    shutil.copytree(folder, target, ignore_dangling_symlinks=True)
    (target / ENTRY).unlink(missing_ok=True)
