"""What is claimed of the models.

A cell of the matrix is worth something only if a wrong export shows: the heads must discriminate,
the number of detections must vary, and rounding noise alone must change nothing.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from conformance.architectures.table import (
    CLASSIFIER,
    DETECTORS,
    OTHER_SIZES,
    SEGMENTER,
    SIZES,
    SLIM_ALONE,
)
from pytest_export_matrix import Architecture, OutputKind
from pytest_export_matrix.samples import pictures
from pytest_export_matrix.vocabulary.pytrees import to_arrays
from pytest_export_matrix.vocabulary.references import resolve

FLAT = pictures.PICTURES.index("flat")
EVERY_SIZE = SIZES + OTHER_SIZES

SCORE_GAP = {"slim": 2e-5, "full": 2e-6}
"""Scores of one picture differ by more. The same score moves by some 1e-6 between numbers of
threads, and by up to 2e-5 in onnxruntime (slim), so order alone is no verdict."""

NOISE_MOVES = {"boxes": 0.01, "keypoints": 0.01, "scores": 2e-4, "masks": 1e-3}
"""By how much rounding noise may move an output: pixels and probabilities. Masks that are compared
by their overlap may move by half of what that comparison allows."""


@dataclass(frozen=True)
class Seen:
    """What a model answered for one image, with the sizes of the batch that it was in."""

    picture: int
    batch: tuple[tuple[int, int], ...]
    answer: dict[str, Any]

    @property
    def count(self) -> int:
        return len(self.answer["scores"])


@dataclass(frozen=True)
class Subject:
    architecture: Architecture
    profile: str
    model: Any
    seen: list[Seen]

    @property
    def keywords(self) -> dict[str, Any]:
        return keywords(self.architecture, self.profile)

    @property
    def patterned(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.picture != FLAT]


def batches() -> Iterator[tuple[tuple[int, int], ...]]:
    """Each size alone, and in batches of two and three images of unequal sizes."""
    first, second = SIZES
    for size in EVERY_SIZE:
        yield (size,)
    yield first, second
    yield first, second, first
    for size in OTHER_SIZES:
        yield size, second
    yield OTHER_SIZES[1:]


def keywords(architecture: Architecture, profile: str) -> dict[str, Any]:
    return {**architecture.keywords, **architecture.profiles.get(profile, {})}


def build(architecture: Architecture, given: dict[str, Any]) -> Any:
    module, factory = architecture.build.split(":")
    return getattr(importlib.import_module(module), factory)(**given)


def answers(model: Any, sizes: tuple[tuple[int, int], ...], seed: int) -> list[dict[str, Any]]:
    import torch

    with torch.no_grad():
        detections: list[dict[str, Any]] = model(*pictures.image_list(sizes, seed))
    return detections


def limited(model: Any) -> Any:
    """The part of a detector that applies its threshold and its limit."""
    return model if hasattr(model, "detections_per_img") else model.roi_heads


def subjects() -> Iterator[Any]:
    for profile, marks in (("slim", ()), ("full", pytest.mark.full)):
        for architecture in DETECTORS if profile == "full" else (*DETECTORS, *SLIM_ALONE):
            identifier = f"{architecture.name}-{profile}"
            yield pytest.param((architecture, profile), marks=marks, id=identifier)


def outputs(subject: Subject) -> OutputKind:
    kind = subject.architecture.outputs
    assert isinstance(kind, OutputKind)
    return kind


@pytest.fixture(scope="module", params=subjects())
def subject(request: pytest.FixtureRequest) -> Subject:
    architecture, profile = request.param
    model = build(architecture, keywords(architecture, profile))
    seen = [
        Seen((seed + i) % len(pictures.PICTURES), sizes, answer)
        for sizes in batches()
        for seed in range(len(pictures.PICTURES))
        for i, answer in enumerate(answers(model, sizes, seed))
    ]
    return Subject(architecture, profile, model, seen)


def test_something_is_detected_in_every_patterned_picture(subject: Subject) -> None:
    assert min(seen.count for seen in subject.patterned) >= 5


def test_nothing_is_detected_in_a_flat_picture(subject: Subject) -> None:
    assert {seen.count for seen in subject.seen if seen.picture == FLAT} == {0}


def test_at_least_two_classes_are_found_if_the_model_has_two(subject: Subject) -> None:
    at_least = 1 if subject.architecture.name == "keypoint_rcnn" else 2
    for seen in subject.patterned:
        assert len(set(seen.answer["labels"].tolist())) >= at_least, seen


def test_the_number_of_detections_varies_and_never_reaches_its_limit(subject: Subject) -> None:
    limit = limited(subject.model).detections_per_img
    assert max(seen.count for seen in subject.seen) < limit
    for batch in batches():
        assert len({seen.count for seen in subject.seen if seen.batch == batch}) >= 3


def test_scores_are_distinct_and_not_saturated(subject: Subject) -> None:
    for seen in subject.patterned:
        scores = seen.answer["scores"]
        assert scores.max() < 0.9999
        assert (scores[:-1] - scores[1:]).min() > SCORE_GAP[subject.profile], seen


def test_the_table_names_the_threshold_that_the_model_applies(subject: Subject) -> None:
    applied = limited(subject.model).score_thresh
    assert outputs(subject).options["score_threshold"] == applied


def test_one_thing_is_found_in_a_spot_and_the_maximum_in_a_crowd(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a crowd is cut off, the scores on the two sides of the cut differ clearly."""
    if subject.profile != "slim":
        pytest.skip("the pictures were looked for with the slim models")
    seeds, heads = subject.architecture.adversarial, limited(subject.model)
    assert seeds["nothing"] == FLAT
    most = heads.detections_per_img
    monkeypatch.setattr(heads, "detections_per_img", most + 1)
    for size in (SIZES[0], OTHER_SIZES[0]):
        (spot,) = answers(subject.model, (size,), seeds["a spot"])
        (crowd,) = answers(subject.model, (size,), seeds["a crowd"])
        assert len(spot["scores"]) == 1
        scores = crowd["scores"]
        assert len(scores) == most + 1
        assert (scores[:-1] - scores[1:]).min() > SCORE_GAP[subject.profile]


def test_masks_and_keypoints_vary(subject: Subject) -> None:
    for seen in subject.patterned:
        masks, keypoints = seen.answer.get("masks"), seen.answer.get("keypoints")
        if masks is not None:
            inside = masks[masks > 0]  # it is zero outside of the box
            assert inside.std() > 0.1
        if keypoints is not None:
            of_the_box = keypoints[..., :2] - seen.answer["boxes"][:, None, :2]
            assert of_the_box.std(dim=1).max() > 1  # pixels
            assert seen.answer["keypoints_scores"].std() > 0.1


def test_rounding_noise_changes_nothing(subject: Subject) -> None:
    """Noise of 1e-6 in the image is some ten times what float32 resolves."""
    import torch

    kind, limits = outputs(subject), dict(NOISE_MOVES)
    compare, options = resolve(kind.compare), dict(kind.options)
    counted = {"missing", "extra", "structure"}
    if options["mask_iou"] is not None:
        options["mask_iou"] = (1 + options["mask_iou"]) / 2
        counted.add("masks")
        del limits["masks"]
    generator = torch.Generator().manual_seed(0)
    seeds = {*range(len(pictures.PICTURES)), *subject.architecture.adversarial.values()}
    for sizes in (SIZES, *((size, SIZES[1]) for size in OTHER_SIZES)):
        for seed in seeds:
            (images,) = pictures.image_list(sizes, seed)
            noisy = [x + 1e-6 * torch.randn(x.shape, generator=generator) for x in images]
            with torch.no_grad():
                answers = subject.model(images), subject.model(noisy)
            found = compare(*map(to_arrays, answers), options)
            assert not counted.intersection(found["deviating"]), (sizes, seed)
            for clean, other in zip(*answers):
                assert torch.equal(clean["labels"], other["labels"])
                for name, tolerance in limits.items():
                    if name in clean:
                        difference = (clean[name] - other[name]).abs()
                        assert (difference <= tolerance).all(), (name, sizes, seed)


def test_everything_calibrated_is_in_the_state_dict(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker builds the model again and loads the saved weights: the answers are the same."""
    import torch

    module = importlib.import_module(subject.architecture.build.split(":")[0])
    monkeypatch.setattr(module, "calibrate", lambda model, *_, **__: model.eval())
    reloaded = build(subject.architecture, subject.keywords)
    reloaded.load_state_dict(subject.model.state_dict())
    for ours, theirs in zip(answers(subject.model, SIZES, 0), answers(reloaded, SIZES, 0)):
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_building_twice_gives_the_same_answers_and_leaves_the_random_state(
    subject: Subject,
) -> None:
    import torch

    state = torch.get_rng_state()
    again = build(subject.architecture, subject.keywords)
    assert torch.equal(torch.get_rng_state(), state)
    for ours, theirs in zip(answers(subject.model, SIZES, 0), answers(again, SIZES, 0)):
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("profile", ["slim", pytest.param("full", marks=pytest.mark.full)])
def test_the_classifier_tells_pictures_apart(profile: str) -> None:
    """Two builds are equal. The logits of two pictures differ by a hundred tolerances."""
    import torch

    model, again = (build(CLASSIFIER, keywords(CLASSIFIER, profile)) for _ in range(2))
    with torch.no_grad():
        batches = [pictures.image_batch(SIZES[:1], seed) for seed in range(len(pictures.PICTURES))]
        logits = [model(*batch) for batch in batches]
        assert all(torch.equal(x, again(*batch)) for x, batch in zip(logits, batches))
    for i, first in enumerate(logits):
        assert first.std() > 0.1
        for second in logits[:i]:
            assert (first - second).abs().max() > 0.1


@pytest.mark.parametrize("profile", ["slim", pytest.param("full", marks=pytest.mark.full)])
def test_the_segmenter_answers_every_pixel_and_finds_several_classes(profile: str) -> None:
    import torch

    model, again = (build(SEGMENTER, keywords(SEGMENTER, profile)) for _ in range(2))
    for size in (SIZES[0], *OTHER_SIZES):
        for seed in range(len(pictures.PICTURES)):
            (images,) = pictures.image_batch([size] * 2, seed)
            with torch.no_grad():
                logits, same = model(images)["out"], again(images)["out"]
            assert logits.shape == (2, 5, *size)
            assert torch.equal(logits, same)
            for image in logits:
                assert len(image.argmax(0).unique()) > 1


def test_the_table_imports_no_torch() -> None:
    code = "import conformance.architectures.table, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
