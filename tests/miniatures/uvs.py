"""Stand-ins for uv, named by behaviour: folders to put on the path ahead of the real one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import List

from pytest_export_matrix.environments import uv


def blocks_in_install(folder: Path) -> Path:
    """Does what uv does, but instead of installing it writes `begun` and never ends."""
    wait = f'case "$1" in pip) touch {folder}/begun; exec sleep 1000;; esac'
    return _script(folder, wait)


def counts(folder: Path) -> Path:
    """Does what uv does, and writes a line for each call."""
    return _script(folder, f'echo "$1" >> {folder}/calls')


def calls(folder: Path) -> List[str]:
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


def _script(folder: Path, before: str) -> Path:
    folder.mkdir(exist_ok=True)
    script = folder / "uv"
    real = shlex.join(uv.command())
    script.write_text(f'#!/bin/sh\n{before}\nexec {real} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def path_with(folder: Path) -> str:
    return os.pathsep.join([str(folder), os.environ["PATH"]])
