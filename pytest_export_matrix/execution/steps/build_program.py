"""The step `build_program`: build the programs of runtimes on demand, and keep them under a key of
what they were built from."""

from __future__ import annotations

import importlib.machinery
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, Sequence

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.steps.step import Asked, Step
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.machine.hashing import digest, file_digest
from pytest_export_matrix.vocabulary.entries import Runtime
from pytest_export_matrix.vocabulary.package import ABOVE
from pytest_export_matrix.vocabulary.used import Used

#: Where what programs share is: the folder of this package's runtimes.
SHARED = "pytest_export_matrix.runtimes:"
#: Folders among the sources that hold no sources.
NO_SOURCES = ("__pycache__",)


class BuildProgramStep(Step[str]):
    """The program of one runtime; the part is the runtime's name. Its environment is installed.

    A failed build is not remembered: what the compiler lacks may be installed the next time.
    """

    kind = "program"

    def __init__(
        self, remembered: Remembered, dispatcher: Dispatcher, runtime: Runtime, key: str
    ) -> None:
        super().__init__(remembered, dispatcher)
        self._runtime, self._key = runtime, key

    def lock_key(self) -> str:
        return self._key

    def key(self, part: str) -> str:
        return self._key

    def ask(self, parts: Sequence[str]) -> Asked[str]:
        with self.store.scratch() as scratch:
            out = scratch / "program"
            answer = self.dispatcher.build(self._runtime, str(out))
            answer.transient = not answer.passed
            for part in parts:
                yield part, answer, out


class Programs:
    """The programs of a run's runtimes, each provided once. Used by several threads at once."""

    def __init__(self, remembered: Remembered, available: Availability) -> None:
        self._remembered, self._available = remembered, available
        self._identities: Dict[Any, Any] = {}
        self._provided: Dict[str, StepAnswer] = {}
        self._locks: Dict[str, threading.Lock] = {}
        self._asking = threading.Lock()

    def identity(self, runtime: Runtime) -> Any:
        """What answers of this runtime depend on beside its environment: the sources and the
        commands of its program, and what all programs share. None where it has no program."""
        if not runtime.program:
            return None
        key = (runtime.program, tuple(runtime.commands))
        if key not in self._identities:
            folders = [*self._available.dispatcher.paths, ABOVE, *sys.path]
            contents = [
                [path.name, file_digest(path)]
                for program in (runtime.program, SHARED)
                for path in sources(program, folders)
            ]
            self._identities[key] = [contents, [_described(name) for name in runtime.commands]]
        return self._identities[key]

    def provide(self, runtime: Runtime) -> StepAnswer:
        """Build the program of `runtime`, whose environment is installed. Returns its folder and
        the versions that it was built with, or why there is none."""
        key = self._key(runtime)
        with self._asking:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._provided:
                built = self._step(runtime).answers([runtime.name], lambda answer, format: False)
                self._provided[key] = built[runtime.name]
            return self._provided[key]

    def forget(self, runtime: Runtime) -> None:
        """Have `provide` look at the stored program again: it may be damaged."""
        self._provided.pop(self._key(runtime), None)

    def is_stored(self, runtime: Runtime) -> bool:
        """Whether the program of `runtime` has been built before, as it would be now."""
        return self._step(runtime).stored(runtime.name) is not None

    def _step(self, runtime: Runtime) -> BuildProgramStep:
        dispatcher = self._available.dispatcher
        return BuildProgramStep(self._remembered, dispatcher, runtime, self._key(runtime))

    def _key(self, runtime: Runtime) -> str:
        python = self._available.dispatcher.pythons.get(runtime.environment)
        built_against = {runtime.environment: Used([*runtime.modules, *runtime.extras])}
        packages = self._available.state(built_against)
        return digest([runtime.program, self.identity(runtime), python, packages])


def sources(program: str, folders: Sequence[str]) -> List[Path]:
    """The source files of the program that "module:function" builds: all files in the folder of a
    package, or else the module alone; none where the module is missing. Nothing is imported."""
    found, path = None, list(folders)
    name = ""
    for part in program.partition(":")[0].split("."):
        name = f"{name}.{part}" if name else part
        found = importlib.machinery.PathFinder.find_spec(name, path)
        if found is None:
            return []
        path = list(found.submodule_search_locations or ())
    if not path:
        return [Path(found.origin)] if found and found.origin else []
    files = [each for folder in path for each in sorted(Path(folder).rglob("*")) if each.is_file()]
    return [each for each in files if not set(each.parts) & set(NO_SOURCES)]


def _described(command: str) -> Any:
    """What stands for the version of a command: its path, size and time of change."""
    found = shutil.which(command)
    if found is None:
        return [command]
    facts = os.stat(found)
    return [command, os.path.realpath(found), facts.st_size, facts.st_mtime_ns]
