"""What a worker may import of the project and of the model's package."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
from typing import Any, List, Optional, Sequence

from pytest_export_matrix.vocabulary.package import NAME


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


def hide(hidden: str, own: Sequence[str], extras: Sequence[str], paths: List[str]) -> None:
    """Make the model's package unimportable, and leave only the modules of `own` of the project.

    `own` holds references: the session and the comparison.
    """
    if hidden in {extra.partition(".")[0] for extra in extras}:
        hidden = ""
    modules = [reference.partition(":")[0] for reference in own]
    sys.meta_path.insert(0, _Finder(hidden, modules, paths))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, hidden: str, own: List[str], paths: List[str]) -> None:
        self.hidden, self.own, self.paths = hidden, own, paths
        self.tops = {module.partition(".")[0] for module in own}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[Any]:
        top = name.partition(".")[0]
        is_own = any(module == name or module.startswith(name + ".") for module in self.own)
        if (name == self.hidden or name.startswith(f"{self.hidden}.")) and not is_own:
            raise ModuleNotFoundError(
                f"the file needs {name!r}: the model's own code, which a runtime does not have",
                name=name,
            )
        if path is None and top in self.tops:
            return importlib.machinery.PathFinder.find_spec(name, self.paths)
        return None


def use_project(paths: List[str]) -> None:
    """Make the modules of the project importable."""
    import sys

    sys.path[:0] = [path for path in paths if path not in sys.path]
    if paths:
        os.chdir(paths[0])
