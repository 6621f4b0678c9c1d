"""Runtimes that are programs in another language, seen from outside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.runtimes.cmake import COMMANDS

CONFTEST = """
import pytest_export_matrix as em
import registration

HOW = ["AnswersRightly", "SegfaultsOnLoad", "FailsOnLoad", "SegfaultsOnRun", "ExitsOnRun",
       "HangsOnRun", "PrintsGarbage", "AnswersTwice", "WritesNothing"]


def runtime(name, session="AnswersRightly", **others):
    others = {"program": "runners:build", "commands": ["cmake", "make", "c++"], **others}
    return em.Runtime(name, formats=["torchscript"], session=f"runners:{session}", language="c++",
                      modules=["numpy"], **others)


def pytest_export_matrix_register(registry):
    registration.register(registry, ["doubles"])
    for session in HOW:
        registry.add(runtime(session, session))
    registry.add(runtime("broken", program="broken:build"))
    registry.add(runtime("no_module", program="brokn:build"))
    registry.add(runtime("no_compiler", commands=["no-such-compiler"]))
"""


def runs_in(runtime: str, **axes: str) -> str:
    return cell("doubles", runtime=runtime, **axes)


#: The outcome, the stage, and what the reason says.
VERDICTS: Dict[str, Any] = {
    "AnswersRightly": ("passed", "compare", None),
    "SegfaultsOnLoad": ("crashed", "load", "the program killed by SIGSEGV"),
    "FailsOnLoad": ("failed", "load", "no such operator\nsee the table of operators"),
    "SegfaultsOnRun": ("crashed", "run", "at [1, 3, 24, 32]: the program killed by SIGSEGV"),
    "ExitsOnRun": ("crashed", "run", "ended with exit code 0 before it had answered"),
    "HangsOnRun": ("timed_out", "run", "no end after"),
    "PrintsGarbage": ("failed", "run", "printed 'Segmentation fault? no, chatter\\n'"),
    "AnswersTwice": ("failed", "compare", "2 outputs, expected 1"),
    "WritesNothing": ("failed", "run", "has written no answer"),
    "broken": ("failed", "load", "error: 'no_such_name' was not declared"),
    "no_module": ("failed", "load", "No module named 'brokn'"),
    "no_compiler": ("unavailable", None, "no_compiler needs no-such-compiler on the path"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    found = Project(tmp_path_factory.mktemp("programs") / "project")
    (found.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    limit = ("--export-matrix-timeout", "15")
    temporary(project).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary(project)))
        return project.run("-v", *ONE_LANE, *limit, cells=[runs_in(name) for name in VERDICTS])


def temporary(project: Project) -> Path:
    """The folder for temporary files of the run: programs are copied to there and started."""
    return project.root.parent / "temporary"


@pytest.mark.parametrize("name", VERDICTS)
def test_each_program_gets_its_verdict(run: Run, name: str) -> None:
    outcome, stage, reason = VERDICTS[name]
    row = run.rows[runs_in(name)]
    assert (row["outcome"], row["stage"]) == (outcome, stage), row["reason"]
    assert (reason or "") in (row["reason"] or "")
    assert row["language"] == "c++"


def test_with_v_the_output_of_the_compiler_is_shown_with_the_cell(run: Run) -> None:
    assert "cmake --build" in run.output
    assert "runner.cpp:1:21" in run.output


def test_the_reason_says_what_to_install(run: Run) -> None:
    reason = run.rows[runs_in("no_compiler")]["reason"]
    assert "install it, for instance: apt-get install no-such-compiler" in reason


def test_the_latency_is_the_one_that_the_program_reports(run: Run) -> None:
    assert run.rows[runs_in("AnswersRightly")]["latency"] == {"first": 0.125, "steady": 0.125}


def test_no_program_is_left_running(project: Project, run: Run) -> None:
    import psutil

    folder = str(temporary(project))
    left = [p.info for p in psutil.process_iter(["cmdline"]) if folder in str(p.info["cmdline"])]
    assert not left


def test_no_copy_of_a_file_or_a_program_is_left(project: Project, run: Run) -> None:
    assert list(temporary(project).glob("export-matrix-*")) == []


class TestBuilding:
    """A program is built once, and again if one of its sources has changed."""

    RIGHT = runs_in("AnswersRightly")
    DYNAMIC = runs_in("AnswersRightly", resolution="dynamic")

    def builds(self, project: Project) -> int:
        return len((project.root / "builds.log").read_text("utf-8").splitlines())

    def test_several_runtimes_and_runs_share_one_program(self, project: Project, run: Run) -> None:
        assert self.builds(project) == 1
        again = project.run(*ONE_LANE, cells=[self.DYNAMIC])
        assert again.outcomes == {self.DYNAMIC: "passed"}
        assert self.builds(project) == 1

    def test_other_files_of_the_project_rebuild_nothing(self, project: Project, run: Run) -> None:
        with open(project.root / "sessions.py", "a", encoding="utf-8") as file:
            file.write("\n# changed\n")
        again = project.run(*ONE_LANE, cells=[self.RIGHT])
        assert again.outcomes == {self.RIGHT: "passed"}
        assert self.builds(project) == 1

    def test_a_changed_source_rebuilds_the_program_and_runs_its_cells_again(
        self, project: Project, run: Run
    ) -> None:
        source = project.root / "runners" / "runner.cpp"
        before = source.read_text("utf-8")
        source.write_text(before.replace("numbers[i] *= 2", "numbers[i] *= 2.02f"), "utf-8")
        again = project.run(*ONE_LANE, cells=[self.RIGHT])
        assert again.outcomes == {self.RIGHT: "failed"}
        assert again.rows[self.RIGHT]["stage"] == "compare"
        assert self.builds(project) == 2
        source.write_text(before, "utf-8")
        back = project.run(*ONE_LANE, cells=[self.RIGHT])
        assert back.outcomes == {self.RIGHT: "passed"}
        assert self.builds(project) == 2, "the first one is still there"


def path_without(tmp_path: Path, *commands: str) -> str:
    """A PATH with all commands of this one except `commands`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for each in reversed(os.environ["PATH"].split(os.pathsep)):
        for tool in Path(each).glob("*") if Path(each).is_dir() else ():
            link = folder / tool.name
            link.unlink(missing_ok=True)
            if tool.name not in commands:
                link.symlink_to(tool)
    return str(folder)


@pytest.mark.parametrize("missing", COMMANDS)
def test_without_a_compiler_libtorch_is_unavailable(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("PATH", path_without(tmp_path, missing))
    name = runs_in("libtorch")
    found = project.run(*ONE_LANE, cells=[name], reports=f"without_{missing}").rows[name]
    assert found["outcome"] == "unavailable"
    package = {"c++": "g++"}.get(missing, missing)
    expected = f"libtorch needs {missing} on the path: install it, for instance: apt-get install"
    assert f"{expected} {package}" in found["reason"]


def project_with(tmp_path: Path, name: str) -> Project:
    """A project with a classifier that also registers the entries `name` of `on_request`."""
    project = Project(tmp_path / "project", "classifier")
    conftest = project.root / "conftest.py"
    entries = f"from pytest_export_matrix.on_request import {name}"
    added = f"    [registry.add(entry) for entry in {name}]\n"
    conftest.write_text(f"{entries}\n{conftest.read_text()}{added}")
    return project


def test_if_npm_reaches_no_registry_its_runtime_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_with(tmp_path, "ONNXRUNTIME_NODE")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    name = cell(format="onnx", runtime="onnxruntime_node")
    row = project.run(*ONE_LANE, cells=[name]).rows[name]
    assert row["outcome"] == "unavailable"
    assert row["reason"].startswith("npm could not install onnxruntime-node: npm error")


def test_without_a_compiler_nothing_is_compiled_ahead_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_with(tmp_path, "AOT_INDUCTOR")
    monkeypatch.setenv("PATH", path_without(tmp_path, "c++"))
    name = cell(method="torch_export", format="aot_inductor", runtime="aot_inductor_python")
    row = project.run(*ONE_LANE, cells=[name]).rows[name]
    assert row["outcome"] == "unavailable"
    assert row["reason"].startswith("exporting needs c++ on the path: install it")
