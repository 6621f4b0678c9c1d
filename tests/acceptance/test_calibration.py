"""A model whose weights follow from data is calibrated once; every other process loads them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell, environment

CONFTEST = """
import pytest_export_matrix as em
import registration

def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    registry.add(registration.tensors("thresholded", "calibrated:Thresholded",
                                      calibrate="calibrated:calibrate"))
"""
RIGHT = cell("thresholded")
SCRIPTED = cell("thresholded", method="scripting")
WRONG = cell("thresholded", runtime="off_by_one_percent")
NO_FILE = cell("thresholded", method="raises")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    found = Project(tmp_path_factory.mktemp("calibration") / "project")
    (found.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    cells = [RIGHT, SCRIPTED, WRONG, NO_FILE]
    return project.run(*ONE_LANE, "--export-matrix-repro=repro", cells=cells)


def test_files_answer_as_the_calibrated_model_does(run: Run) -> None:
    assert (run.outcomes[RIGHT], run.outcomes[SCRIPTED]) == ("passed", "passed")
    assert (run.outcomes[WRONG], run.outcomes[NO_FILE]) == ("failed", "failed")


def test_it_is_calibrated_once(project: Project, run: Run) -> None:
    assert (project.root / "calibrations.log").read_text() == "calibrated\n"


def test_a_script_that_shows_a_failing_export_sets_what_was_calibrated(
    project: Project, run: Run
) -> None:
    folder = project.root / "repro" / NO_FILE
    done = subprocess.run(
        [sys.executable, "reproduce.py"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "LookupError: no operator of that name" in done.stderr
    assert 'metadata()["attributes"]' in (folder / "reproduce.py").read_text("utf-8")
