"""The default environment: the interpreter that pytest runs in."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import Iterable, List, Tuple

from pytest_export_matrix.environments.records import this_platform
from pytest_export_matrix.results.results import Versions


def python() -> str:
    return sys.executable


def fingerprint() -> List[Tuple[str, str]]:
    """All that is installed, for keys: another version of any package is another environment."""
    installed = {
        (distribution.metadata["Name"] or "", distribution.version)
        for distribution in metadata.distributions()
    }
    return [
        *sorted(installed),
        ("python", platform.python_version()),
        ("platform", this_platform()),
    ]


def describe(modules: Iterable[str]) -> Versions:
    """The environment as the results file has it, with the versions of `modules`."""
    versions = {}
    for name in sorted({"pytest-export-matrix", "numpy", *modules}):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return Versions(platform.python_version(), this_platform(), versions)
