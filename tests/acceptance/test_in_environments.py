"""Exporters and runtimes in environments of their own, seen from outside."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Dict, NamedTuple

import numpy
import pytest
from conftest import ONE_LANE, refused
from miniatures import uvs
from miniatures.project import Project, Run, cell, environment, selection
from miniatures.waiting import DEADLINE, wait_for

CONFTEST = """
import pytest_export_matrix as em
import registration

TRACING = "pytest_export_matrix.exporters.tracing"


def runtime(name, session, environment):
    return em.Runtime(
        name,
        formats=["torchscript"],
        session=session if ":" in session else f"sessions:{session}",
        modules=["numpy"],
        environment=environment,
    )


def pytest_export_matrix_register(registry):
    registration.register(registry, ["doubles"])
    for name, build in (
        ("same", "Same"),
        ("answers_otherwise", "AnswersOtherwise"),
        ("renamed", "renamed"),
        ("renamed_without_a_word", "renamed_without_a_word"),
    ):
        registry.add(registration.tensors(name, f"across:{build}"))
    torch = ["torch==1.10.2", "numpy==1.23.5", "safetensors", "packaging", "setuptools<70"]
    for each in (
        em.Environment("no_such_python", python="3.99"),
        em.Environment("no_such_requirement", requirements=["six==99"]),
        em.Environment("no_numpy", requirements=["six"]),
        em.Environment("torch_1_10", requirements=torch, weights="across:renames"),
        runtime("doubles_in_older", "DoublesWithNumpy", "older"),
        runtime("says_what_it_sees", "SaysWhatItSees", "older"),
        runtime("of_no_python", "DoublesWithNumpy", "no_such_python"),
        runtime("of_no_requirement", "DoublesWithNumpy", "no_such_requirement"),
        runtime("without_numpy", "DoublesWithNumpy", "no_numpy"),
        runtime("pytorch_1_10", "pytest_export_matrix.runtimes.pytorch:Session", "torch_1_10"),
        *(
            em.Exporter(
                method,
                "torchscript",
                capture=f"{TRACING}:trace",
                lower="exporters:counts",
                suffix=".pt",
                modules=["torch"],
                environment="torch_1_10",
                conventions=conventions,
            )
            for method, conventions in (
                ("tracing_1_10", ""),
                ("tracing_as_today", "across:answers_as_today"),
            )
        ),
    ):
        registry.add(each)
"""
INI = """
[pytest]
export_matrix_environments =
    older: python=3.9 numpy==1.23.5
"""
OLDER = cell("doubles", runtime="doubles_in_older")
SEES = cell("doubles", runtime="says_what_it_sees")
RIGHT = cell("doubles")
ABSENT = {name: cell("doubles", runtime=name) for name in ("of_no_python", "of_no_requirement")}
WITHOUT_NUMPY = cell("doubles", runtime="without_numpy")


def make_project(folder: Path) -> Project:
    project = Project(folder / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (project.root / "pytest.ini").write_text(INI, encoding="utf-8")
    return project


class Ran(NamedTuple):
    project: Project
    run: Run

    def row(self, name: str) -> Dict[str, Any]:
        row: Dict[str, Any] = self.run.rows[name]
        return row


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Runtimes in environments, some of which cannot be installed. A module and a variable are
    present that only the Python of pytest may see."""
    folder = tmp_path_factory.mktemp("environments")
    project = make_project(folder)
    (folder / "path").mkdir()
    (folder / "path" / "leaked.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder / "path"))
        cells = [RIGHT, OLDER, SEES, *ABSENT.values(), WITHOUT_NUMPY]
        return Ran(project, project.run(*ONE_LANE, cells=cells))


def test_a_runtime_works_in_its_environment(ran: Ran) -> None:
    assert ran.row(OLDER)["outcome"] == "passed"
    assert ran.row(OLDER)["environment"] == "older"
    assert ran.row(RIGHT)["environment"] == "default"


def test_a_runtime_sees_nothing_of_the_python_that_pytest_runs_in(ran: Ran) -> None:
    seen = json.loads(re.search(r"seen (\{.*\})", ran.row(SEES)["reason"])[1])  # type: ignore[index]
    assert seen["python"] == [3, 9]
    assert seen["numpy"] == "1.23.5" != numpy.__version__
    assert seen["importable"] == ["numpy"]
    assert set(seen["variables"]) <= {"PYTHONPYCACHEPREFIX", "PYTHONHASHSEED"}, "which are ours"


def test_the_results_file_lists_the_packages_of_each_environment(ran: Ran) -> None:
    found = ran.run.results["environments"]
    assert found["older"]["python"].startswith("3.9.")
    assert found["older"]["packages"] == {"numpy": "1.23.5"}
    assert found["default"]["packages"]["numpy"] == numpy.__version__
    assert set(found) == {"default", "older", "no_numpy"}, "only those that were built"


def test_if_an_environment_cannot_be_installed_only_its_cells_are_unavailable(ran: Ran) -> None:
    assert ran.row(RIGHT)["outcome"] == "passed"
    rows = {name: ran.row(each) for name, each in ABSENT.items()}
    assert {row["outcome"] for row in rows.values()} == {"unavailable"}
    assert "environment no_such_python: Python 3.99: " in rows["of_no_python"]["reason"]
    assert "uv python install 3.99" in rows["of_no_python"]["reason"]
    reason = rows["of_no_requirement"]["reason"]
    assert "there is no version of six==99" in reason
    assert "uv run --no-project --isolated --python 3.9 --with 'six==99'" in reason


def test_the_reason_names_a_module_that_the_environment_lacks(ran: Ran) -> None:
    row = ran.row(WITHOUT_NUMPY)
    assert row["outcome"] == "unavailable"
    assert "in environment no_numpy needs numpy, not installed here" in row["reason"]
    assert "add them to its requirements" in row["reason"]


def test_the_terminal_counts_the_seconds_of_installing(ran: Ran) -> None:
    assert re.search(r"seconds of work by stage: .*environments \d+", ran.run.output)


def test_cached_answers_do_not_need_the_environment(ran: Ran) -> None:
    places = list(ran.project.cache.glob("environments/*/venv-*"))
    for place in places:
        shutil.rmtree(place)

    again = ran.project.run(*ONE_LANE, cells=[RIGHT, OLDER])

    assert {name: row["cached"] for name, row in again.rows.items()} == {RIGHT: True, OLDER: True}
    assert again.results["environments"]["older"]["packages"] == {"numpy": "1.23.5"}
    assert list(ran.project.cache.glob("environments/*/venv-*")) == []


def test_collecting_installs_no_environment(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    project.run("--collect-only", cells=[OLDER])
    assert not (project.cache / "environments").exists()


TORCH: Dict[str, Any] = {"method": "tracing_1_10"}
SAME = cell("same", **TORCH)
SAME_IN_BOTH = cell("same", runtime="pytorch_1_10", **TORCH)
RENAMED = cell("renamed", **TORCH)
OTHERWISE = cell("answers_otherwise", **TORCH)
NAMELESS = cell("renamed_without_a_word", **TORCH)
AS_TODAY = cell("answers_otherwise", method="tracing_as_today")
NEEDLESS = cell("same", method="tracing_as_today")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Models exported by PyTorch 1.10."""
    project = make_project(tmp_path_factory.mktemp("exporters"))
    cells = [SAME, SAME_IN_BOTH, RENAMED, OTHERWISE, NAMELESS, AS_TODAY, NEEDLESS]
    return Ran(project, project.run(*ONE_LANE, "--export-matrix-repro=repro", cells=cells))


@pytest.mark.parametrize("name", [SAME, SAME_IN_BOTH, RENAMED])
def test_a_model_that_answers_the_same_in_the_environment_is_exported_there(
    exported: Ran, name: str
) -> None:
    assert exported.row(name)["outcome"] == "passed", exported.run.output
    assert exported.row(name)["deviation"]["output"]["max_rel"] < 1e-4


def test_a_model_that_answers_differently_in_the_environment_fails_at_the_reference(
    exported: Ran,
) -> None:
    row = exported.row(OTHERWISE)
    assert (row["outcome"], row["stage"]) == ("failed", "reference")
    assert (
        "in environment torch_1_10: eager answers otherwise than the model as it is"
        in row["reason"]
    )
    assert row["deviation"]["output"]["max_rel"] == pytest.approx(0.01, rel=0.1)
    assert row["deviating"] == ["output"]


def test_with_conventions_a_model_answers_as_today_and_the_cell_says_so(exported: Ran) -> None:
    row = exported.row(AS_TODAY)
    assert row["outcome"] == "passed", row["reason"]
    assert row["reason"] == "what 1.10 multiplies is divided again"


def test_conventions_that_change_the_answers_fail_at_the_reference(exported: Ran) -> None:
    row = exported.row(NEEDLESS)
    assert (row["outcome"], row["stage"]) == ("failed", "reference")


def test_the_reason_names_weights_whose_names_differ(exported: Ran) -> None:
    row = exported.row(NAMELESS)
    assert (row["outcome"], row["stage"]) == ("failed", "build")
    assert "in environment torch_1_10: RuntimeError" in row["reason"]
    assert "other_name.weight" in row["reason"]


@pytest.mark.parametrize("name", [OTHERWISE, NEEDLESS, NAMELESS])
def test_a_reproduction_shows_the_same_failure_in_the_environment(exported: Ran, name: str) -> None:
    (python,) = exported.project.cache.glob("environments/*/venv-*/bin/python")
    script = exported.run.reports.parent / "repro" / name / "reproduce.py"
    shown = subprocess.run([str(python), str(script)], capture_output=True, text=True)
    assert shown.returncode == 1, shown.stdout + shown.stderr
    words = "other_name.weight" if name == NAMELESS else "outside tolerance"
    assert words in shown.stdout + shown.stderr
    assert ("what 1.10 multiplies is divided again" in shown.stdout) == (name == NEEDLESS)


def test_only_models_that_agree_with_the_reference_are_exported(exported: Ran) -> None:
    assert len(exported.project.exports()) == 3, "the same, the renamed one, the one as today"


def test_the_exporters_environment_is_in_the_results_file(exported: Ran) -> None:
    assert exported.run.results["environments"]["torch_1_10"]["packages"]["torch"] == "1.10.2"


def test_the_agreement_of_a_model_is_checked_once(exported: Ran) -> None:
    again = exported.project.run(*ONE_LANE, cells=[SAME, OTHERWISE])
    assert again.rows[SAME]["cached"] and again.rows[OTHERWISE]["cached"]
    assert again.outcomes == {SAME: "passed", OTHERWISE: "failed"}


class Stopped(NamedTuple):
    project: Project
    code: int
    output: str


@pytest.fixture(params=[signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def stopped(request: pytest.FixtureRequest, tmp_path: Path) -> Stopped:
    """A run that got a signal while an environment was being installed."""
    project, stand_in, log = make_project(tmp_path), tmp_path / "bin", tmp_path / "log"
    path = uvs.path_with(uvs.blocks_in_install(stand_in))
    with open(log, "wb") as output:
        process = subprocess.Popen(
            project.command(*ONE_LANE, *selection([OLDER]), reports="out"),
            cwd=project.root,
            env={**environment(), "PATH": path},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(lambda: (stand_in / "begun").exists() or process.poll() is not None)
        process.send_signal(request.param)
        code = process.wait(DEADLINE)
    finally:
        process.kill()
    return Stopped(project, code, log.read_text("utf-8"))


def test_if_a_run_was_stopped_while_installing_the_next_run_works(
    stopped: Stopped,
) -> None:
    left = list(stopped.project.cache.glob("environments/*/venv-*"))
    assert list(stopped.project.cache.glob("environments/*/environment.json")) == []
    if stopped.code != -signal.SIGKILL:
        assert stopped.code == pytest.ExitCode.INTERRUPTED, stopped.output
        assert "INTERNALERROR" not in stopped.output
        assert left == []

    run = stopped.project.run(*ONE_LANE, cells=[OLDER])

    assert run.outcomes == {OLDER: "passed"}
    installed = list(stopped.project.cache.glob("environments/*/venv-*"))
    assert len(installed) == 1
    assert not set(installed) & set(left)


def test_if_the_disk_is_too_small_for_an_environment_its_cells_are_unavailable(
    tmp_path: Path, small_disk: Path
) -> None:
    project = make_project(tmp_path)
    project.cache.mkdir()
    (project.cache / "environments").symlink_to(small_disk)

    run = project.run(*ONE_LANE, cells=[RIGHT, OLDER])

    assert run.outcomes == {RIGHT: "passed", OLDER: "unavailable"}
    assert "--export-matrix-cache=DIR" in run.rows[OLDER]["reason"]
    assert list(small_disk.glob("*/venv-*")) == []


def test_an_unknown_environment_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    path = project.root / "conftest.py"
    path.write_text(CONFTEST.replace('"DoublesWithNumpy", "older"', '"D", "oldr"'), "utf-8")
    refused(project.run(cells=[RIGHT]), "no environment 'oldr'", "did you mean 'older'?")
