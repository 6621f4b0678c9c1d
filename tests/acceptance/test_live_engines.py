"""A slice of the matrix of engines: a detector, and a part of one, in engines."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_export_matrix.addons import onnxruntime_web
from pytest_export_matrix.addons.caffe2_cpp import headers
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome

ROOT = Path(__file__).parents[2]
PASSED = [
    "faster_rcnn-tracing-onnx-onnxruntime_web-cpu-fixed-1",
    "faster_rcnn-caffe2_tracing-caffe2-caffe2_cpp-cpu-fixed-1",
]


#: Whole detectors find in OpenVINO what is not there: see docs/findings.md.
PART = "retinanet_parts-tracing-onnx-openvino_f32-cpu-fixed-1"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("engines")
    command = [
        *(sys.executable, "-m", "pytest", "-c", "conformance/engines/pytest.ini"),
        *("--export-matrix", "-p", "no:cacheprovider"),
        *(f"--export-matrix-cache={folder}", f"--export-matrix-reports={folder / 'reports'}"),
        *(f"export-matrix::{name}" for name in (*PASSED, PART)),
    ]
    subprocess.run(command, cwd=ROOT, check=False)
    results = json.loads((folder / "reports" / "results.json").read_text("utf-8"))
    return {cell["id"]: cell for cell in results["cells"]}


@pytest.mark.parametrize("name", PASSED)
def test_each_engine_finds_what_the_eager_detector_finds(rows: dict[str, Any], name: str) -> None:
    cell = rows[name]
    if cell["runtime"] == "onnxruntime_web" and not shutil.which(onnxruntime_web.BROWSER):
        pytest.skip("no Chromium is on the path")
    assert cell["outcome"] == "passed", cell["reason"]
    assert cell["deviation"]["matched"] >= 15
    assert cell["deviation"]["boxes"]["max_abs"] < 0.02


def test_the_network_of_a_detector_is_right_in_openvino(rows: dict[str, Any]) -> None:
    assert rows[PART]["outcome"] == "passed", rows[PART]["reason"]


def test_the_headers_of_caffe2_come_from_a_registry_or_the_program_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    with pytest.raises(Failure, match="pip could not download the headers") as told:
        headers.fetch(str(tmp_path))
    assert told.value.outcome is Outcome.UNAVAILABLE
    assert list(tmp_path.iterdir()) == []
