"""The default environment: the interpreter that pytest runs in."""

from __future__ import annotations

import functools
import platform
import sys
from importlib import metadata
from typing import Iterable

from pytest_export_matrix.environments import inspection
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.results.results import Versions


def python() -> str:
    return sys.executable


@functools.lru_cache(maxsize=None)
def packages() -> Packages:
    """All that is installed beside pytest. Looked up once: it takes a third of a second."""
    return Packages.inspected(inspection.inspect(), fresh=False)


def describe(modules: Iterable[str]) -> Versions:
    """The environment as the results file has it, with the versions of `modules`."""
    versions = {}
    for name in sorted({"pytest-export-matrix", "numpy", *modules}):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return Versions(platform.python_version(), inspection.platform_name(), versions)
