"""What comes from outside ends a worker; it leaves none that is half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_export_matrix.execution.workers.worker import MAIN
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dataclass_json import to_json
from pytest_export_matrix.worker.messages import WorkerConfig

#: As extensions do that import another module and clear the error where that fails.
SWALLOWS = """
import os, signal
try:
    os.kill(os.getpid(), signal.{name})
except BaseException:
    pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_during_an_import_that_swallows_it_ends_the_worker(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "swallows.py").write_text(SWALLOWS.format(name=name), encoding="utf-8")
    config = WorkerConfig([], ["swallows"])
    protocol.write_json(str(tmp_path), protocol.CONFIG, to_json(config))
    done = subprocess.run(
        [sys.executable, MAIN, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.Signals[name]
    assert protocol.read_json(str(tmp_path), protocol.READY) is None
