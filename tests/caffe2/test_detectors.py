"""Caffe2 of 2021 agrees with PyTorch of today: each detector, format, picture, size and batch."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from pytest_export_matrix.addons.caffe2.rename import rename
from pytest_export_matrix.compare.detections import compare

ARCHITECTURES = ("faster_rcnn", "mask_rcnn", "keypoint_rcnn", "retinanet")
FORMATS = ("caffe2", "torchscript", "onnx")


@pytest.fixture(scope="session")
def exported_of(caffe2: Any, subject_of: Any) -> Any:
    @functools.lru_cache
    def export(architecture: str, images: int) -> Any:
        return caffe2.task("export", **subject_of(architecture, images).request).answer

    return export


def judge(subject: Any, answers: list[Any], but: str = "") -> tuple[list[str], dict[str, float]]:
    """What is wrong with `answers`, leaving out cases named `but`, and the worst deviations."""
    problems, worst, matched = [], {}, 0
    asked = zip(subject.cases, subject.reference, subject.noise, answers)
    for case, expected, noise, found in asked:
        if but and but in case:
            continue
        verdict = compare(expected, found or [], {"score_threshold": 0.3}, noise)
        problems += [f"{case}: {problem}" for problem in verdict["problems"]]
        matched += verdict["matched"]
        for name, figures in verdict.get("outputs", {}).items():
            worst[name] = max(worst.get(name, 0.0), figures["max_abs"])
    return problems, {**worst, "matched": matched}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_of_today_have_the_names_of_2021(
    architecture: str, caffe2: Any, subject_of: Any
) -> None:
    from safetensors import safe_open

    request = subject_of(architecture, 1).request
    with safe_open(request["weights"], "numpy") as file:
        today = dict.fromkeys(file.keys(), 0)
    assert set(rename(list(today)).values()) == set(caffe2.task("names", **request).answer["names"])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_eager_of_2021_equals_eager_of_today(
    architecture: str, caffe2: Any, subject_of: Any, record_property: Any
) -> None:
    subject = subject_of(architecture, 1)
    answers = caffe2.task("eager", **subject.request).detections(subject.request["counts"])
    problems, figures = judge(subject, answers, but="(197, 261)")
    record_property("deviation", figures)
    assert problems == []
    assert figures["matched"] > 100


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_resized_by_a_factor_that_went_through_float32(
    architecture: str, caffe2: Any, subject_of: Any
) -> None:
    """Where that makes another number of pixels, eager of 2021 answers otherwise than today's."""
    subject = subject_of(architecture, 1)
    answers = caffe2.task("eager", **subject.request).detections(subject.request["counts"])
    problems, _ = judge(subject, answers)
    assert problems
    assert all("(197, 261)" in problem for problem in problems)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_finds_what_eager_finds(
    architecture: str,
    images: int,
    format: str,
    caffe2: Any,
    subject_of: Any,
    exported_of: Any,
    record_property: Any,
) -> None:
    subject = subject_of(architecture, images)
    exported = exported_of(architecture, images)[format]
    ran = caffe2.task("run", file=exported["file"], **subject.request)
    assert ran.answer["failures"] == {}
    problems, figures = judge(subject, ran.detections(subject.request["counts"]))
    record_property("deviation", figures)
    record_property("export_seconds", exported["seconds"])
    record_property("run_seconds", ran.answer["seconds"])
    assert problems == []
    assert figures["matched"] > 100


def test_a_net_for_one_image_is_no_net_for_two(
    caffe2: Any, subject_of: Any, exported_of: Any
) -> None:
    """The batch of a file is the one it was made for; another is refused, never half answered."""
    file = exported_of("faster_rcnn", 1)["caffe2"]["file"]
    ran = caffe2.task("run", file=file, **subject_of("faster_rcnn", 2).request)
    assert set(ran.answer["failures"].values()) == {
        "ValueError: the net was made for 1 images at once, 2 given: "
        "its graph holds what is done for each of them"
    }


def test_todays_engines_know_no_operators_of_caffe2(exported_of: Any) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    import torch

    exported = exported_of("faster_rcnn", 1)
    with pytest.raises(Exception, match=r"org.pytorch._caffe2:GenerateProposals.* is not a regis"):
        onnxruntime.InferenceSession(exported["onnx"]["file"], providers=["CPUExecutionProvider"])
    with pytest.raises(RuntimeError, match="Unknown builtin op: _caffe2::ResizeNearest"):
        torch.jit.load(exported["torchscript"]["file"])
