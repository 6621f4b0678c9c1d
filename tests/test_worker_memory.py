"""The memory that a task and its children hold."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest

from pytest_export_matrix.execution.workers.worker import _Memory
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dataclass_json import to_json
from pytest_export_matrix.worker.messages import Started

MIB = 2**20
#: Holds 100 MiB, which four children share with it.
FAMILY = """
import os, sys
held = b"x" * (100 * 2**20)
for _ in range(4):
    if not os.fork():
        sys.stdin.read()
        os._exit(0)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[_Memory]:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux says which pages are shared")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", FAMILY], **pipes) as family:
        assert family.stdin and family.stdout and family.stdout.readline() == b"ready\n"
        protocol.write_json(
            str(tmp_path), protocol.STARTED, to_json(Started(family.pid, time.time()))
        )
        yield _Memory(str(tmp_path))
        family.stdin.close()


def test_pages_that_processes_share_count_once_before_a_limit_is_exceeded(memory: _Memory) -> None:
    assert 100 * MIB < memory.held(limit=200 * MIB) < 200 * MIB


def test_below_the_limit_nobody_asks_what_is_shared(memory: _Memory) -> None:
    assert memory.held(limit=2000 * MIB) > 500 * MIB
