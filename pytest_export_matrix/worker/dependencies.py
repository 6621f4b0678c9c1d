"""Record the files outside installed packages that a model is made from."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from typing import Any, Dict, List, Set

from pytest_export_matrix.vocabulary.package import PACKAGE

#: Folders whose files change by themselves or belong to this process.
VOLATILE = ("/proc", "/sys", "/dev")


class Dependencies:
    """Modules imported and files opened for reading, from now on, outside installed packages.

    Files in `cache` (empty: in none) do not count: they have keys of their own. Files below the
    temporary folder count only where the project itself lies there. Files that this process writes
    do not count: an engine keeps statistics in the user's folder, and reads them.
    """

    def __init__(self, project: List[str], cache: str) -> None:
        self._known = _real([sys.prefix, sys.base_prefix, PACKAGE, cache])
        self._volatile = _real([*VOLATILE, tempfile.gettempdir()])
        self._project = _real(project)
        self._looked_at: Set[str] = set()
        self._folders: Dict[str, str] = {}
        self._found: Dict[str, str] = {}
        self._opened: Set[str] = set()
        self._written: Set[str] = set()
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: Any) -> None:
        if event == "open" and isinstance(arguments[0], str):
            reads = arguments[1] in ("r", "rb", None)
            (self._opened if reads else self._written).add(os.path.abspath(arguments[0]))

    def files(self) -> Dict[str, str]:
        """All of them so far, with the sha256 that each had when it was first seen here."""
        modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        fresh = ({name for name in modules if name} | self._opened) - self._looked_at
        self._looked_at |= fresh
        self._found.update((name, _sha256(name)) for name in fresh if self._counts(name))
        return {name: sha256 for name, sha256 in self._found.items() if name not in self._written}

    def _counts(self, name: str) -> bool:
        real = self._real_file(name)
        if name.endswith(".pyc") or _inside(real, self._known) or not os.path.isfile(real):
            return False
        return _inside(real, self._project) or not _inside(real, self._volatile)

    def _real_file(self, name: str) -> str:
        """`name` without links. Each folder is resolved once: torch has thousands of modules, and
        every task looks at all of them."""
        folder, base = os.path.split(name)
        if not os.path.isabs(folder):
            return os.path.realpath(name)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        path = os.path.join(self._folders[folder], base)
        return os.path.realpath(path) if os.path.islink(path) else path


def _sha256(name: str) -> str:
    with open(name, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _real(folders: List[str]) -> List[str]:
    return [os.path.realpath(folder) + os.sep for folder in folders if folder]


def _inside(name: str, folders: List[str]) -> bool:
    return name.startswith(tuple(folders))
