"""ncnn, with the files of pnnx. Its environment has 89 MB; pnnx, 85 MB, is put beside PyTorch."""

from __future__ import annotations

import os
import subprocess
from typing import Any, Dict

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons import ncnn
from pytest_export_matrix.environments import uv

PNNX = "pnnx==20261020"
CONFTEST = """
import pytest_export_matrix as em
import registration
from pytest_export_matrix.on_request import NCNN

CONVERTERS = ["writes_nothing", "prints_megabytes", "segfaults", "exits", "writes_garbage"]


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier", "ignores_an_argument"])
    tokens = {"inputs": "phones:tokens_and_gain", "layout": ("NC", "C")}
    registry.add(registration.tensors("takes_tokens", "phones:TakesTokens", **tokens))
    for name, build in {
        "attends": "Attends", "normalizes": "Normalizes", "takes_the_largest": "TakesTheLargest"
    }.items():
        registry.add(registration.tensors(name, f"phones:{build}"))
    for entry in NCNN:
        registry.add(entry)
    for name in CONVERTERS:
        registry.add(em.Exporter(name, "ncnn", suffix=".param", lower=f"converters:{name}",
                                 capture="pytest_export_matrix.exporters.tracing:flat"))
"""


def runs(
    architecture: str = "classifier", runtime: str = "ncnn", method: str = "pnnx", **axes: str
) -> str:
    return cell(architecture, method, "ncnn", runtime, **axes)


RIGHT = [
    runs(),
    runs(runtime="ncnn_f32", resolution="dynamic", batch="dynamic"),
    runs(runtime="ncnn_f32", batch="2"),
    runs("ignores_an_argument"),
    runs("takes_tokens", batch="2"),
    runs("attends"),
]
NORMALIZES = runs("normalizes", runtime="ncnn_f32")
#: The outcome, the stage, and what the reason says.
VERDICTS: Dict[str, Any] = {
    NORMALIZES: ("failed", "compare", "values outside tolerance"),
    runs("takes_the_largest"): ("failed", "export", "ncnn does not have: torch.topk"),
    runs(method="writes_nothing"): ("failed", "export", "not written model.param and model.bin"),
    runs(method="prints_megabytes"): ("failed", "export", "has not written model.param"),
    runs(method="segfaults"): ("crashed", "export", "pnnx killed by SIGSEGV"),
    runs(method="exits"): ("failed", "export", "exit code 3 before it had answered: RuntimeError"),
    runs(method="writes_garbage"): ("failed", "load", "ncnn could not load the network"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("ncnn")
    # PyTorch, which it requires, is there already.
    install = ["pip", "install", "--quiet", "--no-deps", "--target", str(folder / "pnnx"), PNNX]
    subprocess.run([*uv.command(), *install], check=True)
    project = Project(folder / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    path = [str(folder / "pnnx"), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("PYTHONPATH", os.pathsep.join(path))
        return project.run(*ONE_LANE, cells=[*RIGHT, *VERDICTS])


def test_ncnn_answers_as_the_eager_model_does(run: Run) -> None:
    assert {name: run.outcomes[name] for name in RIGHT} == dict.fromkeys(RIGHT, "passed")


@pytest.mark.parametrize("name", VERDICTS)
def test_a_cell_says_what_went_wrong_and_where(run: Run, name: str) -> None:
    row = run.rows[name]
    outcome, stage, reason = VERDICTS[name]
    assert (row["outcome"], row["stage"]) == (outcome, stage), row["reason"]
    assert reason in row["reason"]


def test_the_default_precision_is_judged_by_it(run: Run) -> None:
    assert "when all is rounded to float16" in run.rows[runs()]["reason"]


def test_what_pnnx_could_not_convert_stands_with_the_cell(run: Run) -> None:
    said = [each["message"] for each in run.rows[NORMALIZES]["warnings"]]
    assert "pnnx: unsupported normalize for 4-rank tensor with axis 1" in said


def test_the_results_name_the_versions_of_both(run: Run) -> None:
    environments = run.results["environments"]
    assert environments["ncnn"]["packages"]["ncnn"] == "1.0.20261020"
    assert environments["default"]["packages"]["pnnx"] == "20261020"


@pytest.mark.parametrize("session", [ncnn.Session, ncnn.Float32Session])
def test_ncnn_says_on_which_device_it_cannot_run(session: Any) -> None:
    assert session.problem("cpu") is None
    assert "cuda" in session.problem("cuda")
