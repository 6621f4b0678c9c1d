"""The smallest environment that can be installed: one package, a single file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List

from pytest_export_matrix import Environment

#: The Python that the tests run on: there is one.
HERE = ".".join(map(str, sys.version_info[:2]))
SIX = Environment("six", python=HERE, requirements=["six"])


def venvs(cache: Path) -> List[str]:
    """The environments in `cache` that are installed, or whose installation began."""
    return sorted(path.name for path in cache.glob("environments/*/venv-*"))
