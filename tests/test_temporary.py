"""Temporary folders name their process, and those of processes that are gone are swept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_export_matrix.machine import temporary
from pytest_export_matrix.pytest_run.signals import EndLikeCtrlC


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_folders_of_processes_that_are_gone_are_swept(tmp_path: Path, gone: int) -> None:
    mine = Path(temporary.make(tmp_path))
    dead = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{gone}-"))
    other = tmp_path / "export-matrix-of-somebody"
    for folder in (dead, other):
        (folder / "files").mkdir(parents=True)
    temporary.sweep(tmp_path)
    assert (mine.exists(), dead.exists(), other.exists()) == (True, False, True)


def test_folders_of_another_machine_are_swept_after_a_week(tmp_path: Path) -> None:
    fresh = tmp_path / f"{temporary.PREFIX}elsewhere-1-abc"
    old = tmp_path / f"{temporary.PREFIX}elsewhere-1-def"
    for folder in (fresh, old):
        folder.mkdir()
    long_ago = time.time() - temporary.ABANDONED_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    temporary.sweep(tmp_path)
    assert (fresh.exists(), old.exists()) == (True, False)


def test_a_folder_that_is_not_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    temporary.sweep(tmp_path / "missing")


def test_the_signals_of_schedulers_interrupt_and_are_given_back() -> None:
    signals, before = EndLikeCtrlC(), signal.getsignal(signal.SIGTERM)
    signals.begin()
    try:
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # the second one does not break off what is saved
    finally:
        signals.end()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_somebody_else_handles_is_left_alone() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals = EndLikeCtrlC()
    signals.begin()
    try:
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signals.end()
        signal.signal(signal.SIGHUP, before)
