"""A small project that has been run once. The tests run it again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest
from miniatures.project import Project, Run, cell

RIGHT = cell(method="counts")
RIGHT_DYNAMIC = cell(method="counts", resolution="dynamic")
WRONG = cell(method="counts", runtime="off_by_one_percent")
CRASHES = cell(method="counts", runtime="segfaults_on_run")
DETECTOR = cell("detector", method="counts")

#: Five cells with two files: a traced file serves every resolution.
EXPECTED = {
    RIGHT: "passed",
    RIGHT_DYNAMIC: "passed",
    WRONG: "failed",
    CRASHES: "crashed",
    DETECTOR: "passed",
}
FILES = 2
#: One worker instead of one per lane: with so few cells, starting workers takes most of the time.
ONE_LANE = ("--export-matrix-workers", "1")


class Small(NamedTuple):
    project: Project
    first: Run

    def again(self, *arguments: str, reports: str = "out") -> Run:
        """Run the same cells again. The results file of the run before is removed first."""
        (self.project.root / reports / "results.json").unlink(missing_ok=True)
        return self.project.run(*ONE_LANE, *arguments, cells=list(EXPECTED), reports=reports)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    project = Project(tmp_path_factory.mktemp("small") / "project", "classifier", "detector")
    return Small(project, project.run(*ONE_LANE, cells=list(EXPECTED), reports="first"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a small disk, which is full after a few files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root mounts a small disk")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def refused(run: Run, *messages: str) -> None:
    """Assert that the run ended with pytest's exit code for a wrong usage, and with `messages`."""
    assert run.code == pytest.ExitCode.USAGE_ERROR, run.output
    assert "Traceback" not in run.output and "INTERNALERROR" not in run.output
    for message in messages:
        assert message in run.output
