"""Engines of others that a project registers by name, each installed from its registry."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons import onnx_reference, openvino

CONFTEST = """
import registration
from pytest_export_matrix.on_request import ONNX_REFERENCE, OPENVINO


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    for entry in (*OPENVINO, *ONNX_REFERENCE):
        registry.add(entry)
"""


def runs_in(runtime: str) -> str:
    return cell("classifier", format="onnx", runtime=runtime)


RIGHT = [runs_in("openvino"), runs_in("openvino_f32"), runs_in("onnx_reference")]


class Asked(NamedTuple):
    first: Run
    again: Run


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    project = Project(tmp_path_factory.mktemp("engines") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return Asked(
        project.run(*ONE_LANE, cells=RIGHT), project.run(*ONE_LANE, cells=RIGHT, reports="again")
    )


def test_every_engine_answers_as_the_eager_model_does(asked: Asked) -> None:
    assert asked.first.outcomes == dict.fromkeys(RIGHT, "passed"), asked.first.output


@pytest.mark.parametrize("session", [openvino.Session, onnx_reference.Session])
def test_an_engine_says_on_which_device_it_cannot_run(session: Any) -> None:
    assert session.problem("cpu") is None
    assert "cuda" in session.problem("cuda")


def test_the_results_name_the_version_of_the_engine(asked: Asked) -> None:
    environments = asked.first.results["environments"]
    assert environments["openvino"]["packages"]["openvino"].startswith("2026.4.1")
    assert "onnx" in environments["default"]["packages"]


def test_an_engine_that_chose_another_precision_says_so_and_is_judged_by_it(asked: Asked) -> None:
    row = asked.first.rows[runs_in("openvino")]
    said = [
        each["message"] for each in row["warnings"] if "OpenVINO computes in" in each["message"]
    ]
    assert "judged by how the eager model answers" in row["reason"]
    if said:  # the processor has instructions for bfloat16
        assert "bf16" in said[0] and row["deviation"]["mean"]["max_abs"] > 1e-4
    exact = asked.first.rows[runs_in("openvino_f32")]
    assert exact["deviation"]["mean"]["max_abs"] < 1e-5


def test_a_second_run_of_an_engine_that_keeps_statistics_is_answered_from_the_cache(
    asked: Asked,
) -> None:
    assert all(row["cached"] for row in asked.again.rows.values())
