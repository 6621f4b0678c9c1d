"""The programs that runtimes run in, built on demand and kept by what they were built from."""

from __future__ import annotations

import importlib.machinery
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from pytest_export_matrix.execution.retry import Answer, passed
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.dispatcher import Crew
from pytest_export_matrix.machine.hashing import digest, file_digest
from pytest_export_matrix.vocabulary.entries import Runtime
from pytest_export_matrix.vocabulary.package import ABOVE

TASK = "pytest_export_matrix.worker.tasks.build_program:run"
#: What is written beside sources when they are imported or edited.
NO_SOURCES = ("__pycache__",)


class Programs:
    """Used by several threads and several processes at once. One that cannot be built is tried once
    a run, and not remembered: what its compiler lacks may be there the next time."""

    def __init__(self, store: Store, crew: Crew) -> None:
        self._store, self._crew = store, crew
        self._identities: Dict[Any, Any] = {}
        self._provided: Dict[str, Answer] = {}
        self._locks: Dict[str, threading.Lock] = {}
        self._asking = threading.Lock()

    def identity(self, runtime: Runtime) -> Any:
        """What answers of this runtime depend on beside its environment: the sources of its program
        and the commands that it works with. None where it has none."""
        if not runtime.program:
            return None
        key = (runtime.program, tuple(runtime.commands))
        if key not in self._identities:
            files = sources(runtime.program, [*self._crew.paths, ABOVE, *sys.path])
            contents = [[path.name, file_digest(path)] for path in files]
            self._identities[key] = [contents, [_described(name) for name in runtime.commands]]
        return self._identities[key]

    def provide(self, runtime: Runtime) -> Answer:
        """The program of `runtime`, whose environment is there: "folder" holds it, "versions" are
        those of what it was made with; or why there is none."""
        key = self._key(runtime)
        with self._asking:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._provided:
                with self._store.lock("program", key, self._crew.stopped):
                    self._provided[key] = self._stored(key) or self._build(runtime, key)
            return self._provided[key]

    def _key(self, runtime: Runtime) -> str:
        python = self._crew.python(runtime.environment)
        packages = self._crew.versions(runtime)
        return digest([runtime.program, self.identity(runtime), python, packages])

    def _stored(self, key: str) -> Optional[Answer]:
        answer = self._store.get("program", key)
        return {**answer, "folder": str(self._store.folder("program", key))} if answer else None

    def _build(self, runtime: Runtime, key: str) -> Answer:
        with self._store.scratch() as scratch:
            out = scratch / "program"
            answer = self._crew.build(runtime, {"task": TASK, "out": str(out)})
            if not passed(answer):
                return answer
            self._store.put("program", key, answer, out)
        return self._stored(key) or answer


def sources(program: str, folders: Sequence[str]) -> List[Path]:
    """The files of the program that "module:function" builds: all those of the module's folder
    where it is a package, else the module alone. Nothing is imported for this; a module that is
    not there has none."""
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
    """What stands for the version of a command: where it is, how long, and since when."""
    found = shutil.which(command)
    if found is None:
        return [command]
    facts = os.stat(found)
    return [command, os.path.realpath(found), facts.st_size, facts.st_mtime_ns]
