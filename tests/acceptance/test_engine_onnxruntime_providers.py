"""ONNX Runtime's builds with other providers. OpenVINO's environment is 0.4 GB, CUDA's 2.5 GB."""

from __future__ import annotations

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons.onnxruntime_providers import CudaSession, OpenVinoSession
from pytest_export_matrix.runtimes.onnxruntime import check_used

CONFTEST = """
import registration
from pytest_export_matrix.on_request import ONNXRUNTIME_PROVIDERS


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier", "branches_on_batch"])
    for entry in ONNXRUNTIME_PROVIDERS:
        registry.add(entry)
"""


def runs_in(runtime: str, architecture: str = "classifier", batch: str = "1") -> str:
    return cell(architecture, format="onnx", runtime=runtime, batch=batch)


OPENVINO, CUDA = runs_in("onnxruntime_openvino"), runs_in("onnxruntime_cuda")
WRONG = runs_in("onnxruntime_openvino", "branches_on_batch", "dynamic")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("providers") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def asked(project: Project) -> Run:
    return project.run(*ONE_LANE, cells=[OPENVINO, WRONG])


@pytest.mark.full
def test_openvino_answers_as_the_eager_model_does_in_float32(asked: Run) -> None:
    row = asked.rows[OPENVINO]
    assert row["outcome"] == "passed", asked.output
    assert row["deviation"]["mean"]["max_abs"] < 1e-5


@pytest.mark.full
def test_a_file_that_is_wrong_at_another_batch_is_red_in_it(asked: Run) -> None:
    assert asked.outcomes[WRONG] == "failed", asked.output


@pytest.mark.full
def test_the_results_name_the_build(asked: Run) -> None:
    packages = asked.results["environments"]["onnxruntime_openvino"]["packages"]
    assert packages["onnxruntime-openvino"] == "1.24.1"


@pytest.mark.full
def test_without_a_gpu_the_library_itself_says_why_cuda_is_unavailable(project: Project) -> None:
    run = project.run(*ONE_LANE, cells=[CUDA], reports="cuda")
    row = run.rows[CUDA]
    assert row["outcome"] == "unavailable", run.output
    assert row["reason"].startswith("CUDAExecutionProvider")


def test_a_build_without_the_provider_is_a_problem_and_not_a_run_on_the_cpu() -> None:
    pytest.importorskip("onnxruntime")
    problem = CudaSession.problem("cuda") or ""
    assert problem.startswith("CUDAExecutionProvider: ")


def test_a_session_that_fell_back_to_the_cpu_is_an_error() -> None:
    engine = pytest.importorskip("onnxruntime")
    example = engine.datasets.get_example("mul_1.onnx")
    session = engine.InferenceSession(example, providers=["CPUExecutionProvider"])
    check_used(session, "CPUExecutionProvider")
    with pytest.raises(RuntimeError, match=r"asked for CUDAEx.*uses CPUExecutionProvider"):
        check_used(session, "CUDAExecutionProvider")


def test_openvino_says_on_which_device_it_does_not_run() -> None:
    assert OpenVinoSession.problem("cpu") is None
    assert "cuda" in (OpenVinoSession.problem("cuda") or "")
