"""What a worker may import of the project and of the model's package."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
from typing import Any, List, Optional, Sequence

from pytest_export_matrix.vocabulary.package import NAME
from pytest_export_matrix.vocabulary.references import resolve


def package_of(module: str) -> str:
    """The package that a model's module belongs to. For a module of this package, it is only the
    module: runtimes need the rest."""
    top = module.partition(".")[0]
    return module if top == NAME else top


def is_own(module: str, package: str, paths: Sequence[str]) -> bool:
    """Whether `module`, which is imported here, belongs to the model's `package` or lies in one of
    the folders that the project is imported from. A runtime has neither of them."""
    found = sys.modules.get(module.partition(".")[0])
    if found is None or module == package or module.startswith(f"{package}."):
        return True
    folders = list(getattr(found, "__path__", [])) or [str(getattr(found, "__file__", None) or "")]
    project = {os.path.realpath(path) for path in paths}
    return any(os.path.realpath(os.path.dirname(folder)) in project for folder in folders)


def import_engine(
    reference: str, paths: List[str], hidden: str = "", extras: Sequence[str] = ()
) -> Any:
    """What `reference` names: a session, or what builds its program.

    From now on the model's package `hidden` cannot be imported, and of the project only the
    package of `reference` and what that has imported already.
    """
    if hidden in {extra.partition(".")[0] for extra in extras}:
        hidden = ""
    sys.meta_path.insert(0, _Finder(hidden, reference.partition(":")[0], paths))
    project = _Project(paths)
    sys.meta_path.append(project)  # behind all others: what is installed comes first
    found = resolve(reference)
    sys.meta_path.remove(project)
    return found


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the package of the engine in the project, and refuses that of the model."""

    def __init__(self, hidden: str, engine: str, paths: List[str]) -> None:
        self.hidden, self.engine, self.paths = hidden, engine, paths
        self.top = engine.partition(".")[0]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[Any]:
        is_own = self.engine == name or self.engine.startswith(name + ".")
        if (name == self.hidden or name.startswith(f"{self.hidden}.")) and not is_own:
            raise ModuleNotFoundError(
                f"the file needs {name!r}: the model's own code, which a runtime does not have",
                name=name,
            )
        if path is None and name == self.top:
            return importlib.machinery.PathFinder.find_spec(name, self.paths)
        return None


class _Project(importlib.abc.MetaPathFinder):
    """Finds whatever the project has."""

    def __init__(self, paths: List[str]) -> None:
        self.paths = paths

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[Any]:
        if path is None:
            return importlib.machinery.PathFinder.find_spec(name, self.paths)
        return None


def use_project(paths: List[str]) -> None:
    """Make the modules of the project importable."""
    sys.path[:0] = [path for path in paths if path not in sys.path]
    if paths:
        os.chdir(paths[0])
