"""TensorRT for RTX. Its environment is 0.4 GB; no file is run in it here, that takes a GPU."""

from __future__ import annotations

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

pytestmark = pytest.mark.full
CONFTEST = """
import registration
from pytest_export_matrix.on_request import TENSORRT


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    for entry in TENSORRT:
        registry.add(entry)
"""
CELL = cell(format="onnx", runtime="tensorrt")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("tensorrt") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project.run(*ONE_LANE, cells=[CELL])


def test_where_it_cannot_run_the_library_itself_says_why(asked: Run) -> None:
    row = asked.rows[CELL]
    assert row["outcome"] == "unavailable", asked.output
    assert row["reason"].startswith("TensorRT")


def test_the_file_was_exported_all_the_same(asked: Run) -> None:
    assert asked.rows[CELL]["artifact"]["bytes"] > 0


def test_the_results_name_the_version_of_the_provider(asked: Run) -> None:
    packages = asked.results["environments"]["tensorrt"]["packages"]
    assert packages["onnxruntime-ep-nv-tensorrt-rtx-cu13"] == "0.5.0"
