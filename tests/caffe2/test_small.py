"""Small models: what Caffe2 lacks, replacements of one's own, broken files, wrong calls."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest


def failures(answer: Any) -> dict[str, str]:
    return {format: found["failure"] for format, found in answer.items() if "failure" in found}


def test_a_classifier_is_converted_too(caffe2: Any) -> None:
    answer = caffe2.task("small", model="Classifier").answer
    assert failures(answer) == {}
    assert all(found["deviation"] < 1e-6 for found in answer.values())
    assert all(found["convention"] == "flat" for found in answer.values())


def test_torchscript_without_caffe2_operators_runs_in_the_same_runtime(caffe2: Any) -> None:
    assert caffe2.task("plain_torchscript").answer == {"deviation": 0.0}


def test_a_model_brings_its_own_replacements(caffe2: Any) -> None:
    answer = caffe2.task("small", model="OfItsOwn").answer
    assert failures(answer) == {}
    assert all(found["deviation"] == 0 for found in answer.values())


def test_deformable_convolution_has_no_caffe2_operator(caffe2: Any) -> None:
    """TorchScript keeps torchvision's operator; the export to ONNX, and so to Caffe2, names it."""
    failed = failures(caffe2.task("small", model="Deformable").answer)
    assert set(failed) == {"caffe2", "onnx"}
    assert all("torchvision::deform_conv2d" in problem for problem in failed.values())


def test_a_branch_of_a_scripted_function_is_lost(caffe2: Any) -> None:
    """Caffe2's ONNX backend makes an If whose result never arrives: the NetDef is refused at the
    export, with the operator named, and the ONNX file where it is run."""
    failed = failures(caffe2.task("small", model="Branches").answer)
    assert failed == {
        "caffe2": "LacksOperator: Caffe2's operator If left the output 'output_0' without a value",
        "onnx": "run: RuntimeError: Caffe2 left without a value: output_0",
    }


def test_a_bilinear_enlargement_would_silently_become_another(caffe2: Any) -> None:
    answer = caffe2.task("small", model="Bilinear").answer
    assert failures(answer) == {"caffe2": "LacksOperator: Caffe2 has no operator Upsample (linear)"}
    assert answer["onnx"]["deviation"] > 0.1
    assert answer["torchscript"]["deviation"] == 0


@pytest.fixture(scope="session")
def netdef(caffe2: Any, subject_of: Any) -> Path:
    request = subject_of("faster_rcnn", 1).request
    return Path(caffe2.task("export", **request).answer["caffe2"]["file"]).parent


@pytest.fixture
def copied(netdef: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(netdef, tmp_path / "copied"))


def called(caffe2: Any, folder: Path, *shapes: list[int], dtype: str = "float32") -> str | None:
    answer = caffe2.task("call", file=str(folder), shapes=shapes, dtype=dtype).answer
    return answer.get("failure")


def test_a_folder_is_all_that_a_model_needs(caffe2: Any, copied: Path) -> None:
    assert sorted(file.name for file in copied.iterdir()) == [
        "init_net.pb",
        "model.json",
        "predict_net.pb",
    ]
    assert called(caffe2, copied, [3, 100, 90]) is None


@pytest.mark.parametrize("name", ["init_net.pb", "predict_net.pb"])
def test_a_truncated_net(name: str, caffe2: Any, copied: Path) -> None:
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[:-100])
    assert called(caffe2, copied, [3, 100, 90]) == (
        f"BrokenFile: {name} is truncated: {len(content) - 100} bytes, {len(content)} were written"
    )


def test_swapped_nets(caffe2: Any, copied: Path) -> None:
    (copied / "init_net.pb").rename(copied / "other")
    (copied / "predict_net.pb").rename(copied / "init_net.pb")
    (copied / "other").rename(copied / "predict_net.pb")
    assert called(caffe2, copied, [3, 100, 90]) == (
        "BrokenFile: init_net.pb holds what predict_net.pb should: the two nets are swapped"
    )


def test_a_description_cut_short(caffe2: Any, copied: Path) -> None:
    text = (copied / "model.json").read_text()
    (copied / "model.json").write_text(text[:-50])
    problem = called(caffe2, copied, [3, 100, 90])
    assert problem and problem.startswith("BrokenFile: model.json is no JSON")


def test_a_description_of_something_else(caffe2: Any, copied: Path) -> None:
    about = json.loads((copied / "model.json").read_text())
    about["transform"]["min_size"] = "192"
    (copied / "model.json").write_text(json.dumps(about))
    assert called(caffe2, copied, [3, 100, 90]) == (
        "BrokenFile: model.json describes no net: model.json.transform.min_size is '192'"
    )


def test_a_folder_without_a_net(caffe2: Any, copied: Path) -> None:
    (copied / "predict_net.pb").unlink()
    problem = called(caffe2, copied, [3, 100, 90])
    assert problem and problem.startswith("FileNotFoundError") and "predict_net.pb" in problem


@pytest.mark.parametrize("shape", [[100, 90], [1, 3, 100, 90], [1, 100, 90]])
def test_an_image_of_another_shape(shape: list[int], caffe2: Any, netdef: Path) -> None:
    assert called(caffe2, netdef, shape) == (
        f"ValueError: image 0 is float32 of shape {shape}, expected float32 of [3, height, width]"
    )


def test_an_image_of_bytes(caffe2: Any, netdef: Path) -> None:
    assert called(caffe2, netdef, [3, 100, 90], dtype="uint8") == (
        "ValueError: image 0 is uint8 of shape [3, 100, 90], expected float32 of [3, height, width]"
    )
