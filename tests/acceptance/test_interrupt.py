"""Ctrl-C, or the signal that schedulers send, in the middle of an export."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, List, NamedTuple

import psutil
import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell, environment, selection

from pytest_export_matrix.execution.store import LAYOUT

DEADLINE = 120.0
FINISHED, BLOCKED = cell(), cell(method="blocks")


class Interrupted(NamedTuple):
    run: Run
    project: Project
    temporary: Path


@pytest.fixture(scope="module", params=[signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def interrupted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Interrupted:
    """A run that got the signal when one cell had passed and the next one's export had begun."""
    folder = tmp_path_factory.mktemp("interrupt")
    project, temporary, log = (
        Project(folder / "project", "classifier"),
        folder / "tmp",
        folder / "log",
    )
    temporary.mkdir()
    # In one lane a cell ends before the next one begins.
    options = ["-v", *ONE_LANE, *selection([FINISHED, BLOCKED])]
    with open(log, "wb") as output:
        process = subprocess.Popen(
            project.command(*options, reports="out"),
            cwd=project.root,
            env={**environment(), "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for((project.root / "export_has_begun").exists, process)
        wait_for(lambda: "PASSED" in log.read_text("utf-8"), process)
        process.send_signal(request.param)
        code = process.wait(DEADLINE)
    finally:
        process.kill()
    return Interrupted(Run(code, log.read_text("utf-8"), project.root / "out"), project, temporary)


def wait_for(happened: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert process.poll() is None, "pytest ended before that"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers(temporary: Path) -> List[psutil.Process]:
    """The workers of the run with this temporary folder: their commands name it."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        is_dead = process.info["status"] == psutil.STATUS_ZOMBIE
        if not is_dead and any(str(temporary) in word for word in process.info["cmdline"] or []):
            found.append(process)
    return found


def test_pytest_ends_as_interrupted(interrupted: Interrupted) -> None:
    assert interrupted.run.code == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in interrupted.run.output
    assert "INTERNALERROR" not in interrupted.run.output


def test_results_of_finished_cells_are_kept(interrupted: Interrupted) -> None:
    results = interrupted.run.results
    assert interrupted.run.outcomes == {FINISHED: "passed"}
    assert (results["planned"], results["complete"]) == (2, False)


def test_no_worker_is_left(interrupted: Interrupted) -> None:
    _, alive = psutil.wait_procs(workers(interrupted.temporary), timeout=10)
    assert alive == []


def test_no_temporary_folder_is_left(interrupted: Interrupted) -> None:
    assert list(interrupted.temporary.glob("export-matrix-*")) == []
    assert list((interrupted.project.cache / LAYOUT).glob("tmp-*")) == []


def test_the_next_run_goes_on_where_it_stopped(interrupted: Interrupted) -> None:
    run = interrupted.project.run(*ONE_LANE, cells=[FINISHED], reports="next")
    assert run.rows[FINISHED]["cached"]
