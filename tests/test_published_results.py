"""What the documents say in words agrees with the results that are published with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_export_matrix.judging import baseline
from pytest_export_matrix.results.file import loads
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import PREPARED

ROOT = Path(__file__).parents[1]
NO_DETECTOR = ("classifier", "segmenter")
#: It crashes if nothing is found in a picture, both traced and prepared.
EXCEPT = [("pointrend_rcnn", "onnxruntime_node")]


@pytest.fixture(scope="module")
def published() -> Results:
    return loads((ROOT / "reports" / "results.json").read_text(encoding="utf-8"), "results.json")


@pytest.fixture(scope="module")
def ran(published: Results) -> list[Result]:
    return [result for result in published.cells if not result.absent]


def of_detectors(ran: list[Result], preparation: str) -> list[Result]:
    return [
        result
        for result in ran
        if result.cell.method == "torch_export"
        and result.cell.preparation == preparation
        and result.cell.architecture not in NO_DETECTOR
    ]


def test_no_cell_of_the_matrix_is_missing(published: Results) -> None:
    assert published.complete
    assert published.matrix is not None
    assert published.planned == published.matrix.cells == sum(published.counts.values())


@pytest.mark.parametrize(
    ("cpp", "python"),
    [
        ("libtorch", "pytorch"),
        ("libtorch_1_10", "pytorch_1_10"),
        ("aot_inductor", "aot_inductor_python"),
    ],
)
def test_a_cell_ends_in_cpp_as_it_does_in_python(ran: list[Result], cpp: str, python: str) -> None:
    accepted = baseline.load(ROOT / "conformance" / "baseline.json").accepted
    by_chance = {cell for cell, entry in accepted.items() if entry.outcome == "flaky"}
    endings = {result.cell.id: (result.outcome, result.stage) for result in ran}
    ours = [result.cell.id for result in ran if result.cell.runtime == cpp]
    assert ours
    for cell in ours:
        other = cell.replace(f"-{cpp}-cpu", f"-{python}-cpu")
        if not {cell, other} & by_chance:
            assert endings[cell] == endings[other], cell


def test_torch_export_exports_no_unprepared_detector(ran: list[Result]) -> None:
    plain = of_detectors(ran, "plain")
    assert {(result.outcome, result.stage) for result in plain} == {("failed", "export")}


def test_every_prepared_detector_is_right_at_every_size(ran: list[Result]) -> None:
    """As pt2 and as ONNX, with one image and with two. With any other number of images it fails."""
    prepared = [
        result
        for result in of_detectors(ran, PREPARED)
        if result.cell.runtime in ("pytorch", "onnxruntime", "onnxruntime_node")
        and (result.cell.architecture, result.cell.runtime) not in EXCEPT
    ]
    plain = {result.cell.architecture for result in of_detectors(ran, "plain")}
    assert {result.cell.architecture for result in prepared} == plain
    for result in prepared:
        ending = (result.outcome, result.stage)
        if result.cell.batch == "dynamic":
            assert ending == ("failed", "run"), result.cell.id
        else:
            assert result.passed, result.cell.id


def passing(folder: str) -> dict[tuple[str, str, str], int]:
    """How many cells of the results in `reports/FOLDER` pass, by preparation, runtime and
    resolution."""
    text = (ROOT / "reports" / folder / "results.json").read_text(encoding="utf-8")
    passed: dict[tuple[str, str, str], int] = {}
    for result in loads(text, "results.json").cells:
        cell = result.cell
        key = (cell.preparation, cell.runtime, cell.resolution)
        passed[key] = passed.get(key, 0) + result.passed
    return passed


def test_models_of_detectron2_by_torch_export_are_as_documented() -> None:
    """docs/detectron2.md."""
    passed = passing("detectron2/torch_export")
    right = {"pytorch": (12, 12), "onnxruntime": (12, 12), "openvino_f32": (12, 11)}
    for runtime, counts in right.items():
        of_it = tuple(passed[PREPARED, runtime, resolution] for resolution in ("fixed", "dynamic"))
        assert of_it == counts, runtime
    assert not any(count for (kind, *_), count in passed.items() if kind == "plain")


def test_every_detection_model_of_torchvision_is_as_documented() -> None:
    """docs/exporting.md, of `reports/detectors`."""
    passed = passing("detectors")
    for resolution in ("fixed", "dynamic"):
        assert passed[PREPARED, "pytorch", resolution] == 12
        assert passed[PREPARED, "onnxruntime", resolution] == 12
        assert passed[PREPARED, "executorch", resolution] == 0
    assert passed[PREPARED, "openvino_f32", "fixed"] == 12
    assert passed[PREPARED, "openvino_f32", "dynamic"] == 11
    assert not any(count for (kind, *_), count in passed.items() if kind == "plain")
