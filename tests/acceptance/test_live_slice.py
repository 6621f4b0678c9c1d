"""A slice of this repository's own matrix: one detector through every exporter and runtime."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PASSED = ("passed", "compare")
#: How each cell ends: an exporter of the plain or prepared model, a format, a runtime.
PAIRS = {
    ("tracing", "torchscript", "pytorch"): PASSED,
    ("scripting", "torchscript", "pytorch"): PASSED,
    ("torch_export", "pt2", "pytorch"): ("failed", "export"),
    ("tracing", "onnx", "onnxruntime"): PASSED,
    ("torch_export", "onnx", "onnxruntime"): ("failed", "export"),
    ("caffe2_tracing", "caffe2", "caffe2"): PASSED,
    ("caffe2_tracing", "torchscript", "pytorch_1_10"): PASSED,
    ("caffe2_tracing", "onnx", "caffe2"): PASSED,
    ("caffe2_tracing", "torchscript", "pytorch"): ("failed", "load"),
    ("caffe2_tracing", "onnx", "onnxruntime"): ("failed", "load"),
    ("scripting_1_10", "torchscript", "pytorch"): PASSED,
    ("scripting_1_10", "torchscript", "pytorch_1_10"): PASSED,
    ("tracing_1_10", "torchscript", "pytorch"): PASSED,
    ("tracing_1_10", "onnx", "onnxruntime"): PASSED,
    ("tracing_1_10", "onnx", "caffe2"): ("failed", "load"),
    ("tracing", "torchscript", "pytorch_1_10"): ("crashed", "load"),
    ("scripting", "torchscript", "pytorch_1_10"): ("crashed", "load"),
    ("tracing", "onnx", "caffe2"): ("failed", "load"),
    ("torch_export", "onnx", "caffe2"): ("failed", "export"),
    ("torch_export (prepared)", "pt2", "pytorch"): PASSED,
    ("torch_export (prepared)", "onnx", "onnxruntime"): PASSED,
    ("torch_export (prepared)", "onnx", "onnxruntime_node"): PASSED,
    ("torch_export (prepared)", "onnx", "caffe2"): ("failed", "load"),
    ("torch_export (prepared)", "aot_inductor", "aot_inductor"): PASSED,
    ("torch_export (prepared)", "aot_inductor", "aot_inductor_python"): PASSED,
    # From C++ and JavaScript.
    ("tracing", "torchscript", "libtorch"): PASSED,
    ("scripting", "torchscript", "libtorch"): PASSED,
    ("tracing_1_10", "torchscript", "libtorch"): PASSED,
    ("scripting_1_10", "torchscript", "libtorch"): PASSED,
    ("caffe2_tracing", "torchscript", "libtorch"): ("failed", "load"),
    ("tracing", "torchscript", "libtorch_1_10"): ("crashed", "load"),
    ("scripting", "torchscript", "libtorch_1_10"): ("crashed", "load"),
    ("scripting_1_10", "torchscript", "libtorch_1_10"): PASSED,
    ("caffe2_tracing", "torchscript", "libtorch_1_10"): PASSED,
    ("torch_export", "aot_inductor", "aot_inductor"): ("failed", "export"),
    ("torch_export", "aot_inductor", "aot_inductor_python"): ("failed", "export"),
    ("tracing", "onnx", "onnxruntime_node"): PASSED,
    ("torch_export", "onnx", "onnxruntime_node"): ("failed", "export"),
    ("caffe2_tracing", "onnx", "onnxruntime_node"): ("failed", "load"),
    ("tracing_1_10", "onnx", "onnxruntime_node"): PASSED,
}
#: Their answer is random if a pyramid level has no box: see conformance/baseline.json.
BY_CHANCE = [
    ("tracing_1_10", "torchscript", runtime) for runtime in ("pytorch_1_10", "libtorch_1_10")
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("slice")
    command = [
        *(sys.executable, "-m", "pytest", "--export-matrix", "-p", "no:cacheprovider"),
        "--export-matrix-foreign",
        *("--export-matrix-select", "architecture=faster_rcnn,device=cpu,resolution=fixed,batch=1"),
        *(f"--export-matrix-cache={folder}", f"--export-matrix-reports={folder / 'reports'}"),
    ]
    subprocess.run(command, cwd=ROOT, check=False)
    found: dict[str, Any] = json.loads((folder / "reports" / "results.json").read_text("utf-8"))
    return found


def test_every_pair_has_its_cell(results: dict[str, Any]) -> None:
    assert results["complete"]
    assert sorted(map(pair_of, results["cells"])) == sorted([*PAIRS, *BY_CHANCE])


def pair_of(cell: dict[str, Any]) -> tuple[str, str, str]:
    prepared = " (prepared)" if cell["preparation"] == "prepared" else ""
    return (cell["method"] + prepared, cell["format"], cell["runtime"])


def ended(results: dict[str, Any], pair: tuple[str, str, str]) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in results["cells"] if pair_of(c) == pair)
    return found


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_each_pair_ends_as_expected(results: dict[str, Any], pair: tuple[str, str, str]) -> None:
    cell = ended(results, pair)
    assert (cell["outcome"], cell["stage"]) == PAIRS[pair], cell["reason"]
    if PAIRS[pair] == PASSED:
        assert cell["ran_at"] == [[1, 192, 256]] * 6
        assert cell["deviation"]["matched"] >= 15
        assert cell["deviation"]["boxes"]["max_abs"] < 0.02
    else:
        assert cell["reason"]


def test_the_cell_says_what_was_changed_in_the_model(results: dict[str, Any]) -> None:
    for pair in (*PAIRS, *BY_CHANCE):
        cell = ended(results, pair)
        said = "given today's resizing" in (cell["reason"] or "")
        assert said == (cell["method"] == "caffe2_tracing")


def test_both_versions_of_pytorch_are_in_the_results_file(results: dict[str, Any]) -> None:
    environments = results["environments"]
    assert environments["caffe2"]["packages"]["torch"] == "1.10.2"
    assert environments["default"]["packages"]["torch"] != "1.10.2"


def test_only_files_of_torch_need_the_operators_of_torchvision(
    results: dict[str, Any],
) -> None:
    for pair, expected in PAIRS.items():
        if expected == PASSED:
            cell = ended(results, pair)
            of_torch = pair[1] in ("torchscript", "pt2", "aot_inductor")
            needed = ["torchvision"] if of_torch and pair[0] != "caffe2_tracing" else []
            assert cell["extra_dependencies"] == needed
            assert [trial["outcome"] for trial in cell["trials"]][-1] == "passed"
