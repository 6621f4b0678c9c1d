"""A slice of this repository's own matrix: one detector through every exporter and runtime."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAIRS = {
    ("tracing", "torchscript", "pytorch"),
    ("scripting", "torchscript", "pytorch"),
    ("torch_export", "pt2", "pytorch"),
    ("tracing", "onnx", "onnxruntime"),
    ("torch_export", "onnx", "onnxruntime"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("slice")
    command = [
        *(sys.executable, "-m", "pytest", "--export-matrix", "-p", "no:cacheprovider"),
        *("--export-matrix-select", "architecture=faster_rcnn,device=cpu,resolution=fixed,batch=1"),
        *("--export-matrix-cache", str(folder), "--export-matrix-reports", str(folder / "reports")),
    ]
    subprocess.run(command, cwd=ROOT, check=False)
    found: dict[str, Any] = json.loads((folder / "reports" / "results.json").read_text("utf-8"))
    return found


def test_every_pair_has_its_cell(results: dict[str, Any]) -> None:
    assert results["complete"]
    pairs = [(cell["method"], cell["format"], cell["runtime"]) for cell in results["cells"]]
    assert sorted(pairs) == sorted(PAIRS)


def test_a_file_that_was_written_was_run_and_compared(results: dict[str, Any]) -> None:
    written = [cell for cell in results["cells"] if cell["artifact"]]
    assert {"tracing", "scripting"} <= {cell["method"] for cell in written}
    for cell in written:
        assert (cell["outcome"], cell["stage"]) == ("passed", "compare"), cell["reason"]
        assert cell["ran_at"] == [[1, 192, 256]] * 4
        assert cell["deviation"]["matched"] >= 15
        assert cell["deviation"]["boxes"]["max_abs"] < 0.02


def test_what_was_not_written_says_why(results: dict[str, Any]) -> None:
    for cell in results["cells"]:
        if not cell["artifact"]:
            assert (cell["outcome"], cell["stage"]) == ("failed", "export")
            assert cell["reason"]
