"""The fixture `export_matrix` for tests that are there already, and `check` for a notebook."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, environment

TESTS = """
import pytest_export_matrix as em

RIGHT = "counts/torchscript/answers_rightly"
IMAGES = "models:image_batch"
ONE = {"resolution": "fixed", "batch": "1"}
NET = em.Architecture("net", "models:Classifier", inputs=IMAGES, sizes=[(24, 32)])


def test_a_registered_model(export_matrix):
    checked = export_matrix.check("classifier", RIGHT, **ONE)
    checked.passed()
    assert checked.outcomes == {
        "classifier-counts-torchscript-answers_rightly-cpu-fixed-1": "passed"
    }


def test_a_model_by_its_name(export_matrix):
    export_matrix.check("models:Classifier", RIGHT, sizes=[(24, 32)], inputs=IMAGES, **ONE).passed()


def test_an_architecture(export_matrix):
    export_matrix.check(NET, RIGHT, **ONE).passed()


def test_a_wrong_answer(export_matrix):
    export_matrix.check("classifier", "counts/torchscript/off_by_one_percent", **ONE).passed()


def test_an_engine_that_is_not_here(export_matrix):
    export_matrix.check("classifier", "counts/torchscript/needs_more", **ONE).passed()


def test_an_unknown_way(export_matrix):
    export_matrix.check("classifier", "count/torchscript", **ONE)


def test_sizes_of_a_registered_model(export_matrix):
    export_matrix.check("classifier", RIGHT, sizes=[(24, 32)])
"""
CONFTEST = """
import pytest_export_matrix as em
import registration

def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    registry.add(em.Runtime("needs_more", ["torchscript"], session="sessions:AnswersRightly",
                            modules=["no_such_module"]))
"""
PASS = ("a_registered_model", "a_model_by_its_name", "an_architecture")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    found = Project(tmp_path_factory.mktemp("checking") / "project", "classifier")
    (found.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (found.root / "test_exports.py").write_text(TESTS, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    cache = f"--export-matrix-cache={project.cache}"
    words = [sys.executable, "-m", "pytest", "test_exports.py", "-rA", cache, *ONE_LANE]
    return project.run_command(words, "reports")


@pytest.mark.parametrize("name", PASS)
def test_a_check_passes_where_every_cell_does(run: Run, name: str) -> None:
    assert f"PASSED test_exports.py::test_{name}" in run.output


def test_a_failing_check_shows_the_table_the_cause_and_the_command(run: Run) -> None:
    assert "FAILED test_exports.py::test_a_wrong_answer" in run.output
    assert "AssertionError: not all cells passed" in run.output
    assert "Ways out on cpu" in run.output
    assert "¹ 1 failed at compare (largest, mean)" in run.output
    cell = "classifier-counts-torchscript-off_by_one_percent-cpu-fixed-1"
    assert f"pytest --export-matrix export-matrix::{cell}" in run.output


def test_a_check_does_not_pass_where_the_engine_is_not_here(run: Run) -> None:
    assert "FAILED test_exports.py::test_an_engine_that_is_not_here" in run.output
    assert "1 unavailable: " in run.output


def test_what_cannot_be_planned_is_an_error_that_helps(run: Run) -> None:
    assert "check('classifier', 'count/torchscript'): no method 'count'" in run.output
    assert "did you mean 'counts'?" in run.output
    assert "sizes and inputs are for a model that is named module:factory" in run.output


def test_no_matrix_is_run_beside_the_tests(run: Run, project: Project) -> None:
    assert "3 passed" in run.output and "4 failed" in run.output
    assert not (project.root / "reports").exists()


SCRIPT = """
import pytest_export_matrix as em

if __name__ == "__main__":
    entries = []
    class Registry: add = entries.append
    import registration
    registration.register(Registry, ["classifier"])
    found = em.check("classifier", "counts/torchscript/answers_rightly", resolution="fixed",
                     batch="1", entries=entries, cache={!r})
    print(found)
    print(found._repr_html_())
"""


def test_a_notebook_shows_the_table(project: Project, run: Run) -> None:
    code = textwrap.dedent(SCRIPT.format(str(project.cache)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.root,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert " cells planned: 1 passed; 1 answered from the cache" in done.stdout
    assert "<td>counts" in done.stdout and "<td>●" in done.stdout
