"""What the plugin leaves alone: other runs, pytest's own process, published reports."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Set

import pytest
from conftest import EXPECTED, ONE_LANE, RIGHT, WRONG, Small
from miniatures.project import Project, cell

from pytest_export_matrix.results.file import load

HEAVY = {"torch", "onnx", "onnxscript", "onnxruntime", "numpy"}
SPY = """
import json, pathlib, sys

def pytest_unconfigure():
    pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""


def modules_of(root: Path) -> Set[str]:
    return set(json.loads((root / "modules.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("options", [["--collect-only", "-q"], []], ids=["collected", "run"])
def test_pytest_itself_imports_no_library_under_test(small: Small, options: list[str]) -> None:
    (small.project.root / "spy.py").write_text(SPY, encoding="utf-8")

    run = small.again("-p", "spy", *options)

    assert all(name in run.output for name in EXPECTED if options or name == WRONG)
    assert not modules_of(small.project.root) & HEAVY


def test_collect_only_lists_the_cells_and_runs_none(small: Small) -> None:
    run = small.again("--collect-only", "-q", reports="collected")
    assert run.code == pytest.ExitCode.OK
    assert all(f"export-matrix::{name}" in run.output for name in EXPECTED)
    assert not run.reports.exists()


def test_the_plugin_does_not_affect_a_run_without_the_option(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(spy=SPY, test_one="def test_one(): pass")
    pytester.syspathinsert()

    result = pytester.runpytest_subprocess("-p", "spy", "-v")

    result.assert_outcomes(passed=1)
    assert "export matrix" not in result.stdout.str()
    assert "pytest_export_matrix.pytest_run.hooks" not in modules_of(pytester.path)
    assert not modules_of(pytester.path) & HEAVY
    assert not (pytester.path / "reports").exists()


def test_a_folder_option_that_would_move_the_root_is_refused_with_the_right_spelling(
    small: Small, tmp_path: Path
) -> None:
    run = small.project.run("--export-matrix-cache", str(tmp_path), "--collect-only", cells=[RIGHT])
    assert run.code == pytest.ExitCode.USAGE_ERROR
    helped = f"--export-matrix-cache={tmp_path}"
    assert f"write {helped}" in run.output

    run = small.project.run(helped, "--collect-only", cells=[RIGHT])
    assert run.code == pytest.ExitCode.OK
    assert "configfile: pytest.ini" in run.output


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose whole matrix has been run. That is quick, as its model cannot be built."""
    project = Project(tmp_path_factory.mktemp("published") / "project", "no_such_module")
    run = project.run(*ONE_LANE, reports="")
    assert run.code == pytest.ExitCode.TESTS_FAILED
    return project


def test_a_whole_run_writes_its_reports_and_no_cell_vanishes(published: Project) -> None:
    results = json.loads((published.root / "reports" / "results.json").read_text("utf-8"))
    assert results["complete"] is True
    assert results["planned"] == sum(results["counts"].values()) == len(results["cells"]) > 100
    names = {path.name for path in (published.root / "reports").iterdir()}
    assert {"results.json", "support_table.md", "support_table.rst"} <= names


def test_a_selection_leaves_published_reports_untouched(published: Project) -> None:
    folder = published.root / "reports"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    both = "--export-matrix-devices=cpu,cuda"
    run = published.run(*ONE_LANE, both, cells=[cell("no_such_module", device="cuda")], reports="")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert "reports/ is left as it is" in run.output


def test_a_whole_run_that_was_broken_off_leaves_published_reports_untouched(
    published: Project,
) -> None:
    folder = published.root / "reports"
    before = (folder / "results.json").read_bytes()

    published.run(*ONE_LANE, "-x", reports="")

    assert (folder / "results.json").read_bytes() == before
    broken_off = json.loads((folder / "results.partial.json").read_text("utf-8"))
    assert broken_off["complete"] is False


DIES = """
import os, signal
from pytest_export_matrix.pytest_run import outputs

outputs.PARTIAL_SECONDS = outputs.PARTIAL_SHARE = 0
reported = []

def pytest_runtest_logreport(report):
    reported.append(report.nodeid)
    if len(set(reported)) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_that_is_killed_leaves_the_results_so_far(published: Project) -> None:
    (published.root / "dies.py").write_text(DIES, encoding="utf-8")
    folder = published.root / "reports"
    before = (folder / "results.json").read_bytes()

    run = published.run(*ONE_LANE, "-p", "dies", reports="")

    assert run.code == -signal.SIGKILL
    assert (folder / "results.json").read_bytes() == before
    so_far = load(folder / "results.partial.json")
    assert len(so_far.cells) in (4, 5) and not so_far.complete
    published.run(*ONE_LANE, reports="")
    assert not (folder / "results.partial.json").exists()


RAISES = """

def pytest_export_matrix_register(registry):
    registration.register(registry, ["no_such_module"])
    registry.add(em.Reporter("brief", "brief.txt", "brief:render"))
"""


def test_a_report_that_raises_costs_no_other_report(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", "no_such_module")
    text = "import registration\nimport pytest_export_matrix as em" + RAISES
    (project.root / "conftest.py").write_text(text, encoding="utf-8")
    (project.root / "brief.py").write_text("def render(results): return results.cellz", "utf-8")

    run = project.run(*ONE_LANE, cells=[cell("no_such_module")])

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: brief.txt: brief:render raised AttributeError: " in run.output
    assert len(run.rows) == 1 and (run.reports / "support_table.md").exists()
