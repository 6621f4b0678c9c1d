"""Code under test that disturbs its process costs nobody a verdict, and leaves nothing behind."""

from __future__ import annotations

import sys

import psutil
import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

GARBAGE = cell(method="writes_garbage_into_its_folder")
LEAVES = cell(method="leaves_processes_behind")
NEIGHBOUR = cell(method="counts")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("hostile") / "project", "classifier")
    return project.run(*ONE_LANE, cells=[GARBAGE, LEAVES, NEIGHBOUR])


def test_garbage_in_the_folder_of_a_task_costs_no_verdict(run: Run) -> None:
    assert run.outcomes == dict.fromkeys([GARBAGE, LEAVES, NEIGHBOUR], "passed"), run.output


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the process group is ended")
def test_processes_that_a_task_left_behind_are_ended(run: Run) -> None:
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert not any("left by leaves_processes_behind" in (words or []) for words in commands)
