"""MNN, which converts ONNX files when it loads them. Its environment has 56 MB."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons import mnn

CONFTEST = """
import pytest_export_matrix as em
import registration
from pytest_export_matrix.on_request import MNN

CONVERTERS = ["WritesNothing", "PrintsMegabytes", "Segfaults", "Exits", "WritesGarbage"]


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier", "ignores_an_argument"])
    tokens = {"inputs": "phones:tokens_and_gain", "layout": ("NC", "C")}
    registry.add(registration.tensors("takes_tokens", "phones:TakesTokens", **tokens))
    for name, build in {
        "normalizes": "Normalizes", "finds_the_largest": "FindsTheLargest", "nan": "ReplacesNaN",
        "has_wide_kernels": "HasWideKernels"
    }.items():
        registry.add(registration.tensors(name, f"phones:{build}"))
    for entry in MNN:
        registry.add(entry)
    for name in CONVERTERS:
        registry.add(em.Runtime(name, formats=["onnx"], session=f"converters:{name}",
                                modules=["MNN"], environment="mnn"))
"""


def runs(architecture: str = "classifier", runtime: str = "mnn", **axes: str) -> str:
    return cell(architecture, format="onnx", runtime=runtime, **axes)


RIGHT = [
    runs(resolution="dynamic", batch="dynamic"),
    runs("ignores_an_argument"),
    runs("takes_tokens", batch="2"),
    runs("has_wide_kernels", "mnn_f32"),
]
#: The outcome, the stage, and what the reason says.
VERDICTS: Dict[str, Any] = {
    runs("has_wide_kernels"): ("failed", "compare", "values outside tolerance"),
    # ReduceL2 of opset 18 has its axes as an input, which the converter does not read.
    runs("normalizes"): ("failed", "compare", "values outside tolerance"),
    runs("finds_the_largest"): ("failed", "compare", "dtype int32, expected int64"),
    runs("nan"): ("failed", "load", "wrote no file: These Op Not Support: ONNX::IsNaN"),
    runs(runtime="WritesNothing"): ("failed", "load", "MNN's converter wrote no file"),
    runs(runtime="PrintsMegabytes"): ("failed", "load", "MNN's converter wrote no file"),
    runs(runtime="Segfaults"): ("crashed", "load", "MNN's converter killed by SIGSEGV"),
    runs(runtime="Exits"): ("failed", "load", "MNN's converter ended with exit code 3"),
    runs(runtime="WritesGarbage"): ("failed", "load", "MNN cannot load what its converter wrote"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("mnn") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project.run(*ONE_LANE, cells=[*RIGHT, *VERDICTS])


def test_mnn_answers_as_the_eager_model_does(run: Run) -> None:
    assert {name: run.outcomes[name] for name in RIGHT} == dict.fromkeys(RIGHT, "passed")


@pytest.mark.parametrize("name", VERDICTS)
def test_a_cell_says_what_went_wrong_and_where(run: Run, name: str) -> None:
    row = run.rows[name]
    outcome, stage, reason = VERDICTS[name]
    assert (row["outcome"], row["stage"]) == (outcome, stage), row["reason"]
    assert reason in row["reason"]


def test_the_results_name_the_version_of_mnn(run: Run) -> None:
    assert run.results["environments"]["mnn"]["packages"]["mnn"] == "3.6.1"


@pytest.mark.parametrize("session", [mnn.Session, mnn.Float32Session])
def test_mnn_says_on_which_device_it_cannot_run(session: Any) -> None:
    assert session.problem("cpu") is None
    assert "cuda" in session.problem("cuda")
