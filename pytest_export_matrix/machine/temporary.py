"""Temporary folders that name the process they belong to, so that later runs sweep up after those
that were killed."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Union

import psutil

from pytest_export_matrix.vocabulary.errors import CacheError

#: A disk with less space than this is full.
FULL_BYTES = 2**20
REMEDY = "choose another folder for temporary files: TMPDIR=DIR pytest --export-matrix"
#: What the names of folders outside of the cache begin with.
PREFIX = "export-matrix-"
#: Whether a process of another machine still lives cannot be seen from here.
ABANDONED_SECONDS = 7 * 24 * 3600.0


def make(folder: Union[str, Path, None] = None, prefix: str = PREFIX) -> str:
    """Make a folder of this process in `folder`, by default in the system's temporary folder.

    Raises CacheError where that is full or not writable, OSError where `folder` is.
    """
    try:
        return tempfile.mkdtemp(prefix=f"{prefix}{_host()}-{os.getpid()}-", dir=folder)
    except OSError as error:
        if folder:
            raise
        place = f"temporary folder {tempfile.gettempdir()}"
        raise CacheError(place, str(error), remedy=REMEDY) from error


def is_full(place: Union[str, Path]) -> bool:
    return shutil.disk_usage(place).free < FULL_BYTES


def check_space() -> None:
    """Raise CacheError where the disk of temporary folders is full: that is then the cause of a
    failure."""
    place = tempfile.gettempdir()
    if is_full(place):
        raise CacheError(f"temporary folder {place}", os.strerror(errno.ENOSPC), remedy=REMEDY)


def sweep(folder: Union[str, Path, None] = None, prefix: str = PREFIX) -> None:
    """Remove the folders of processes that are gone."""
    place = Path(folder or tempfile.gettempdir())
    owned = re.compile(rf"{re.escape(prefix)}(\w*)-(\d+)-")
    with contextlib.suppress(OSError):
        for name in os.listdir(place):
            match = owned.match(name)
            # Another process may be sweeping as well.
            with contextlib.suppress(OSError):
                if match and _is_abandoned(place / name, match[1], int(match[2])):
                    shutil.rmtree(place / name)


def _is_abandoned(path: Path, host: str, process: int) -> bool:
    if host == _host():
        return not psutil.pid_exists(process)
    return path.stat().st_mtime < time.time() - ABANDONED_SECONDS


def _host() -> str:
    return re.sub(r"\W", "", platform.node())
