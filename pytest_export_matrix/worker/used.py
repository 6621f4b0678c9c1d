"""Record what a worker and its tasks use of the packages of their environment."""

from __future__ import annotations

import importlib.abc
import os
import shutil
import sys
import sysconfig
from typing import Any, Iterator, Set, Tuple

from pytest_export_matrix.vocabulary.package import NAME
from pytest_export_matrix.vocabulary.used import EVERYTHING, Used

#: Audit events of a new process whose program is not looked at.
#: https://docs.python.org/3/library/audit_events.html
PROCESSES = ("os.fork", "os.forkpty", "os.exec", "os.spawn", "os.system")
SHELLS = ("sh", "bash", "dash", "zsh", "env")
#: Audit events of files that are read or loaded, and which argument is the file.
FILES = {"open": 0, "ctypes.dlopen": 0, "import": 1}
#: Modules that multiprocessing imports only to start a process, which no audit event tells.
STARTERS = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver")
#: Modules that Python looks for when it starts, before anything is recorded.
AT_START = ("sitecustomize", "usercustomize")


class Recorder(importlib.abc.MetaPathFinder):
    """Sees every top-level module and every package that is looked for, and every file of one that
    is opened or loaded, from now on. Another process that runs Python code of the environment is
    out of its sight."""

    def __init__(self) -> None:
        self._names: Set[str] = set()
        self._sought: Set[str] = set(AT_START)
        #: Whether there was something out of sight.
        self.blind = False
        self._installed = _installed_in()

    def start(self) -> "Recorder":
        sys.meta_path.insert(0, self)
        sys.addaudithook(self._audit)
        return self

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if path is None:
            self._sought.add(name)

    def find_distributions(self, context: Any = None) -> Iterator[Any]:
        """https://docs.python.org/3/library/importlib.metadata.html#extending-the-search-algorithm"""
        if context is not None and context.name:
            self._names.add(context.name)
        return iter(())

    def _audit(self, event: str, arguments: Any) -> None:
        if event in FILES:
            name = arguments[FILES[event]]
            if isinstance(name, str) and name.startswith(self._installed):
                self._names.add(_top(name, self._installed))
        elif event in PROCESSES:
            self.blind = True
        elif event in ("subprocess.Popen", "os.posix_spawn"):  # the one may call the other
            self.blind = self.blind or _is_of_environment(_program(arguments))

    def used(self) -> Used:
        """What was used so far."""
        if self.blind or any(name in sys.modules for name in STARTERS):
            return EVERYTHING
        known = {NAME, "__main__", "", "__pycache__", *getattr(sys, "stdlib_module_names", ())}
        names = self._names.union(name.partition(".")[0] for name in sys.modules)
        return Used(sorted(names - known), sorted(self._sought - names - known))


def _installed_in() -> Tuple[str, ...]:
    """The folders of this interpreter's packages."""
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return tuple(folder + os.sep for folder in folders)


def _top(name: str, folders: Tuple[str, ...]) -> str:
    """The top-level module that the file `name` in one of `folders` belongs to; "" for what is said
    about a package: who looks for one of them reads it of all."""
    folder = next(each for each in folders if name.startswith(each))
    top = name[len(folder) :].split(os.sep)[0]
    return "" if top.endswith((".dist-info", ".egg-info")) else top.split(".")[0]


def _program(arguments: Any) -> str:
    """The program of an event with (executable or None, arguments, ...)."""
    executable, words = arguments[0], arguments[1]
    if executable is None:
        executable = words if isinstance(words, (str, bytes, os.PathLike)) else words[0]
    return os.fsdecode(executable)


def _is_of_environment(program: str) -> bool:
    """Whether a program is an interpreter of Python or a script for one, is part of a package, or
    a shell, which may start any of them."""
    found = shutil.which(program)
    path = os.path.abspath(found or program)
    own = (sys.prefix + os.sep,) if sys.prefix != sys.base_prefix else ()
    if path.startswith((*_installed_in(), *own)):
        return True
    name = os.path.basename(path)
    return name in SHELLS or name.startswith("python") or _is_script_of_python(path)


def _is_script_of_python(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            first = file.readline(200)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first
