"""ONNX Runtime in a page of the browser that is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons import onnxruntime_web
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome

pytestmark = pytest.mark.skipif(
    not (shutil.which(onnxruntime_web.BROWSER) and shutil.which("npm")),
    reason="no Chromium, or no npm, is on the path",
)
CONFTEST = """
import registration
from pytest_export_matrix.on_request import ONNXRUNTIME_WEB


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    for entry in ONNXRUNTIME_WEB:
        registry.add(entry)
"""
RIGHT = cell("classifier", format="onnx", runtime="onnxruntime_web")
OTHER_BATCH = cell("classifier", format="onnx", runtime="onnxruntime_web", batch="dynamic")


def project_in(folder: Path) -> Project:
    project = Project(folder / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return project_in(tmp_path_factory.mktemp("web")).run(*ONE_LANE, cells=[RIGHT, OTHER_BATCH])


def test_a_page_answers_as_the_eager_model_does(run: Run) -> None:
    assert run.outcomes == dict.fromkeys([RIGHT, OTHER_BATCH], "passed"), run.output


def test_the_results_name_the_engine_and_the_browser(run: Run) -> None:
    versions = run.results["environments"]["default"]["packages"]
    assert {"node", "onnxruntime-web", "playwright-core"} < versions.keys()
    assert versions[onnxruntime_web.BROWSER].partition(".")[0].isdigit()


def test_without_a_browser_its_cells_are_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = {name: shutil.which(name) for name in ("node", "npm")}
    (tmp_path / "bin").mkdir()
    for name, path in commands.items():
        (tmp_path / "bin" / name).symlink_to(str(path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    row = project_in(tmp_path).run(*ONE_LANE, cells=[RIGHT]).rows[RIGHT]
    assert row["outcome"] == "unavailable"
    assert "onnxruntime_web needs chromium on the path" in row["reason"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("program")
    onnxruntime_web.build(str(folder))
    return str(folder)


@pytest.fixture
def session(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file that returns its input, in a page."""
    from onnx import TensorProto, helper, save

    floats = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("input_0", "out")
    ]
    node = helper.make_node("Identity", ["input_0"], ["out"])
    graph = helper.make_graph([node], "identity", floats[:1], floats[1:])
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=9), tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    opened = onnxruntime_web.Session(str(tmp_path / "model.onnx"), "cpu", 1, program, [])
    yield opened
    opened.close()


def processes(session: Any, kind: str) -> list[psutil.Process]:
    """Those of the browser: "renderer" of a page, "" of itself."""
    of_browser = [
        each
        for each in psutil.Process(session.program.pid).children(recursive=True)
        if any("chrom" in word for word in each.cmdline()[:1])
    ]
    own = f"--type={kind}" if kind else "--remote-debugging-pipe"
    return [each for each in of_browser if own in each.cmdline()]


def test_a_wrong_number_of_inputs_is_named_without_a_trace(session: Any) -> None:
    one = np.ones(2, np.float32)
    with pytest.raises(Failure, match=r"^the file takes 1 inputs \(input_0\), 0 given \(\)$"):
        session.run(())
    assert session.run((one,))[0].tolist() == [1, 1]  # the page goes on


@pytest.mark.parametrize(
    ("kind", "reason"), [("renderer", "the page crashed"), ("", "the browser ended")]
)
def test_a_page_or_a_browser_that_dies_is_said(session: Any, kind: str, reason: str) -> None:
    killed = processes(session, kind)
    assert killed
    for process in killed:
        process.kill()
    with pytest.raises(Failure, match=reason) as told:
        session.run((np.ones(2, np.float32),))
    assert told.value.outcome is Outcome.CRASHED


def test_nothing_of_the_browser_is_left_when_a_cell_ends(session: Any) -> None:
    everything = psutil.Process(session.program.pid).children(recursive=True)
    assert len(everything) > 2
    session.close()
    _, left = psutil.wait_procs(everything, timeout=20)
    assert left == []
