"""Locks in the cache folder, held among threads and among processes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Callable, Iterator

import filelock

POLL_SECONDS = 0.05
#: How long somebody who waits takes to notice that the run is being stopped.
PATIENCE_SECONDS = 1.0


class RunStopped(Exception):
    """The run is being stopped."""


@contextlib.contextmanager
def hold(path: Path, stopped: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock file at `path`. Raises RunStopped if `stopped` says so while this waits."""
    lock = filelock.FileLock(str(path))
    while True:
        try:
            lock.acquire(timeout=PATIENCE_SECONDS, poll_interval=POLL_SECONDS)
            break
        except filelock.Timeout:
            if stopped():
                raise RunStopped from None
    try:
        yield
    finally:
        lock.release()
