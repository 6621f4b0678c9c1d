"""Every detection model of torchvision can be prepared for torch.export, as its users have it."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.test_preparations import Subject
from pytest_export_matrix.exporters import torch_export
from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.planning import named_models
from pytest_export_matrix.planning.recipes import cases
from pytest_export_matrix.samples import pictures
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.references import resolve

#: Those that are small enough to be built, and captured, in every run.
SMALL = ("fasterrcnn_mobilenet_v3_large_320_fpn", "ssdlite320_mobilenet_v3_large")
DETECTORS = [name for name in named_models.registered() if named_models.is_detector(name)]
SIZES, OTHER_SIZES = ((192, 256),), ((144, 192), (203, 271))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=() if name in SMALL else pytest.mark.full) for name in DETECTORS
    ],
)
def detector(request: pytest.FixtureRequest) -> Subject:
    small = {} if "ssd" in request.param else {"min_size": 96, "max_size": 192}
    found = named_models.architecture(f"torchvision:{request.param}", (*SIZES, *OTHER_SIZES))
    architecture = replace(found, keywords={**found.keywords, **small})
    plain = resolve(architecture.build)(**architecture.keywords)
    resolve(architecture.calibrate)(plain)
    prepared = copy.deepcopy(plain)
    changes = resolve(architecture.preparations["torch_export"])(prepared)
    return Subject(architecture, plain, prepared, changes)


def test_there_are_twelve_of_them() -> None:
    assert len(DETECTORS) == 12


def test_it_answers_and_exports_as_it_is_at_any_size(detector: Subject, tmp_path: Path) -> None:
    import torch

    architecture, file = detector.architecture, str(tmp_path / "model.pt2")
    cell = Cell(architecture.name, "torch_export", "pt2", "pytorch", "cpu", "dynamic", "1")
    every = cases(cell, architecture)
    (images,) = pictures.image_list(every[0].sizes, every[0].seed)
    with torch.no_grad():
        assert any(len(found["scores"]) for found in detector.plain(images))
    assert detector.problems(detector.prepared, iter(every)) == []
    arguments = pictures.image_list(SIZES, 0)
    context = Context(detector.prepared, arguments, ("[CHW]",), frozenset({"resolution"}))
    torch_export.save(torch_export.capture(context), file, context)
    program = torch.export.load(file).module()
    assert detector.problems(program, iter(every)) == []


def both_heads() -> Any:
    """A Mask R-CNN that finds keypoints as well, which torchvision's parts allow."""
    import torch
    from torchvision.models import detection
    from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor
    from torchvision.ops import MultiScaleRoIAlign

    torch.manual_seed(0)
    no_weights = {"weights": None, "weights_backbone": None}
    model = detection.maskrcnn_resnet50_fpn(**no_weights, min_size=96, max_size=192).eval()
    heads = model.roi_heads
    heads.keypoint_roi_pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 14, 2)
    heads.keypoint_head = KeypointRCNNHeads(256, (16, 16))
    heads.keypoint_predictor = KeypointRCNNPredictor(16, 3)
    heads.score_thresh, heads.detections_per_img = 0.0, 4
    return model.eval()


def test_masks_are_kept_where_keypoints_are_found_as_well() -> None:
    import torch

    from pytest_export_matrix.preparations.torch_export import prepare

    plain = both_heads()
    prepared = copy.deepcopy(plain)
    prepare(prepared)
    (images,) = pictures.image_list(SIZES, 0)
    with torch.no_grad():
        (expected,), (found,) = plain(images), prepared(images)
    assert len(expected["boxes"]) and expected.keys() == found.keys() > {"masks", "keypoints"}
    for name, values in expected.items():
        assert torch.allclose(found[name].float(), values.float(), atol=1e-3), name


def test_a_detector_inside_of_another_module_is_prepared_by_its_name() -> None:
    from torch import nn
    from torchvision.models.detection import ssdlite320_mobilenet_v3_large

    from pytest_export_matrix.preparations.torch_export import prepare

    wrapper = nn.Module()
    wrapper.detector = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
    assert prepare(wrapper.eval()).startswith("detector: detections chosen")


def test_what_holds_no_detector_is_refused() -> None:
    from torchvision.models import resnet18

    from pytest_export_matrix.preparations.torch_export import prepare

    with pytest.raises(TypeError, match=r"ResNet .* no detector .*GeneralizedRCNN, RetinaNet"):
        prepare(resnet18(weights=None).eval())
