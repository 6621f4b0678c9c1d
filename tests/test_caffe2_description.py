"""The description beside a net for Caffe2, without torch. tests/caffe2 checks it with real nets."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_export_matrix.addons.caffe2 import DESCRIPTION, pytorch_1_10
from pytest_export_matrix.addons.caffe2.description import (
    Anchors,
    Decoding,
    Description,
    NetFile,
    Transform,
)
from pytest_export_matrix.addons.caffe2.engines import (
    BrokenFile,
    described,
    of_tensors,
    read_nets,
)
from pytest_export_matrix.worker import dataclass_json

PLAIN = Description(kind="plain", inputs=["input_0"], outputs=["output_0"])
OF_ONE_IMAGE: dict[str, Any] = {
    "images": 1,
    "transform": Transform(192, 256, [0.5, 0.5, 0.5], [0.25, 0.25, 0.25], 32),
    "anchors": Anchors([4, 8], [[[-8.0, -8.0, 8.0, 8.0]], [[-16.0, -16.0, 16.0, 16.0]]]),
}
RCNN = Description(
    kind="rcnn",
    inputs=["data", "im_info", "anchors_0", "anchors_1"],
    outputs=["boxes_0", "scores_0", "labels_0"],
    outputs_of_image=["boxes", "scores", "labels"],
    **OF_ONE_IMAGE,
)
RETINANET = Description(
    kind="retinanet",
    inputs=["data"],
    outputs=["scores_0", "scores_1", "deltas_0", "deltas_1"],
    decoding=Decoding(0.05, 0.5, 1000, 300),
    **OF_ONE_IMAGE,
)
NETDEF = dataclasses.replace(
    RCNN, files={"init_net.pb": NetFile("ab" * 32, 10), "predict_net.pb": NetFile("cd" * 32, 20)}
)
ALL = {"plain": PLAIN, "rcnn": RCNN, "retinanet": RETINANET, "NetDef": NETDEF}


def problem(data: Any) -> str:
    with pytest.raises(BrokenFile) as caught:
        described(json.dumps(data), "model.json")
    return str(caught.value)


def changed(about: Description, place: str, value: Any) -> Any:
    """The JSON of `about` with another value at `place`, "anchors.strides" for example."""
    data = inner = dataclass_json.to_json(about)
    *above, last = place.split(".")
    for name in above:
        inner = inner[name]
    inner[last] = value
    return data


@pytest.mark.parametrize("about", ALL.values(), ids=ALL)
def test_a_description_is_read_back(about: Description) -> None:
    text = json.dumps(dataclass_json.to_json(about))
    assert described(text, "model.json") == about
    assert described(text.encode(), "model.json") == about


@pytest.mark.parametrize("about", ALL.values(), ids=ALL)
def test_a_missing_field_is_read_as_null(about: Description) -> None:
    data = {
        name: value for name, value in dataclass_json.to_json(about).items() if value is not None
    }
    assert described(json.dumps(data), "model.json") == about


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("kind", None),
        ("inputs", "data"),
        ("images", 1.5),
        ("images", True),
        ("transform", [192, 256]),
        ("transform.min_size", "192"),
        ("transform.image_mean", 0.5),
        ("anchors.strides", None),
        ("decoding.score_thresh", "low"),
        ("decoding.topk_candidates", 1e3),
        ("files", []),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(place: str, value: Any) -> None:
    found = problem(changed(RETINANET, place, value))
    assert found.startswith(f"model.json describes no net: model.json.{place} is {value!r}")


def test_a_wrong_value_inside_a_list_is_refused() -> None:
    found = problem(changed(RCNN, "anchors.cells", [[[0.0, 0.0, "8", 8.0]]]))
    assert found == "model.json describes no net: model.json.anchors.cells[][][] is '8'"


def test_a_wrong_value_about_a_file_is_refused() -> None:
    data = dataclass_json.to_json(NETDEF)
    data["files"]["init_net.pb"]["bytes"] = "10"
    assert problem(data) == (
        "model.json describes no net: model.json.files.init_net.pb.bytes is '10'"
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (changed(RCNN, "version", 2), "its version is 2, expected 1"),
        (changed(RCNN, "kind", "yolo"), "its kind is 'yolo', expected one of plain, rcnn, retin"),
        (changed(RCNN, "anchors", None), "a net of kind 'rcnn' has no anchors"),
        (changed(RETINANET, "decoding", None), "a net of kind 'retinanet' has no decoding"),
        (changed(PLAIN, "kind", "rcnn"), "has no images, transform, anchors, outputs_of_image"),
        (changed(PLAIN, "sizes", []), "model.json has unknown sizes"),
        (changed(RCNN, "transform.size", 1), "model.json.transform has unknown size"),
        ({"kind": "plain", "inputs": []}, "lacks outputs"),
        (changed(RCNN, "transform", {"min_size": 192}), "transform lacks max_size"),
        ([], "model.json is [], expected Description"),
    ],
)
def test_a_description_that_does_not_fit_its_kind_is_refused(data: Any, says: str) -> None:
    found = problem(data)
    assert found.startswith("model.json describes no net: ")
    assert says in found


@pytest.mark.parametrize("text", ["", "{", b'{"kind": "\xff"}'])
def test_a_text_that_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(BrokenFile, match=r"^model\.json is no JSON: "):
        described(text, "model.json")


def test_an_onnx_file_without_a_description_takes_and_returns_tensors() -> None:
    named = [SimpleNamespace(name=name) for name in ("x", "weight", "y")]
    graph = SimpleNamespace(input=named[:2], initializer=named[1:2], output=named[2:])
    assert of_tensors(graph) == Description(kind="plain", inputs=["x"], outputs=["y"])


def test_a_netdef_with_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match=r"expected init_net\.pb and predict_net\.pb"):
        read_nets(str(tmp_path), {"init_net.pb": NetFile("ab" * 32, 10)})


def test_extra_files_are_read_from_torchscript(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"model/extra/{DESCRIPTION}", "{")
        archive.writestr("model/extra/other.json", '{"a": 1}')
    assert pytorch_1_10.extra_file(str(path), DESCRIPTION) == b"{"
    assert pytorch_1_10.description(str(path), "other.json") == {"a": 1}
    assert pytorch_1_10.description(str(path), "none.json") is None
