"""Panoptic FPN against its two papers, computed again in numpy from the outputs of its layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from conformance.architectures.table import OTHER_SIZES, PANOPTIC, SCORE_THRESHOLD, SIZES
from conformance.eager import ask
from pytest_export_matrix import Panoptic
from pytest_export_matrix.compare.panoptic import compare
from pytest_export_matrix.exporters import tracing
from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.samples import pictures
from pytest_export_matrix.vocabulary.pytrees import to_arrays
from pytest_export_matrix.worker.eager import EagerModel

Array = npt.NDArray[Any]
FLAT = pictures.PICTURES.index("flat")
OPTIONS = Panoptic(SCORE_THRESHOLD).options
THINGS, STUFF = (1, 2, 3, 4), (5, 6, 7, 8)


@pytest.fixture(scope="module")
def model() -> Any:
    from conformance.architectures import panoptic_fpn

    return panoptic_fpn.build("resnet10")


def run(model: Any, images: Any) -> Any:
    import torch

    with torch.no_grad():
        return to_arrays(model(images))


@pytest.fixture(scope="module")
def answers(model: Any) -> list[tuple[int, Any]]:
    """The answer for each picture at each size, with the number of the picture."""
    found = []
    for picture in range(len(pictures.PICTURES)):
        for size in SIZES + OTHER_SIZES:
            found.append((picture, run(model, *pictures.image_list([size], picture))[0]))
        found += enumerate(run(model, *pictures.image_list(SIZES, picture)), start=picture)
    return [(picture % len(pictures.PICTURES), answer) for picture, answer in found]


@dataclass
class Rules:
    """The thresholds of the merge, and its decisions: the rule, whether it left something out, and
    the margin in pixels (or in score)."""

    score: float
    free: float
    area: int
    decided: list[tuple[str, bool, float]]

    def leaves_out(self, rule: str, value: float, least: float) -> bool:
        self.decided.append((rule, value < least, abs(value - least)))
        return value < least


def merged(
    masks: Array, labels: Array, scores: Array, semantic: Array, rules: Rules
) -> tuple[Array, list[int]]:
    """The merge with sets of pixels instead of maps: a segment takes its pixels from `left`."""
    height, width = semantic.shape[1:]
    left = {(y, x) for y in range(height) for x in range(width)}
    segments: list[tuple[int, set[Any]]] = []
    for score, label, mask in sorted(zip(scores, labels, masks), key=lambda each: -each[0]):
        if rules.leaves_out("score", score, rules.score):
            continue
        pixels = set(zip(*(axis.tolist() for axis in np.nonzero(mask[0] > 0.5))))
        if not pixels or rules.leaves_out("free", len(pixels & left), rules.free * len(pixels)):
            continue
        segments.append((int(label), pixels & left))
        left -= pixels
    best = semantic.argmax(0)
    for stuff in range(1, len(semantic)):
        pixels = {(y, x) for y, x in left if best[y, x] == stuff}
        if not rules.leaves_out("area", len(pixels), rules.area):
            segments.append((THINGS[-1] + stuff, pixels))
    found = np.zeros((height, width), np.int64)
    for number, (_, pixels) in enumerate(segments, start=1):
        found[tuple(np.array(sorted(pixels)).T)] = number
    return found, [label for label, _ in segments]


def rules_of(model: Any) -> Rules:
    return Rules(model.score, model.free, model.area, [])


def test_the_map_is_merged_as_in_the_paper(model: Any, answers: Any) -> None:
    for _, answer in answers:
        parts = (answer[name] for name in ("masks", "labels", "scores", "semantic"))
        expected, classes = merged(*parts, rules_of(model))
        assert answer["segment_classes"].tolist() == classes
        assert (answer["panoptic"] == expected).all()


def test_every_rule_of_the_merge_decides_something_and_no_decision_is_close(
    model: Any, answers: Any
) -> None:
    decided: list[tuple[str, bool, float]] = []
    for _, answer in answers:
        rules = rules_of(model)
        merged(*(answer[name] for name in ("masks", "labels", "scores", "semantic")), rules)
        decided += rules.decided
    assert {rule for rule, left_out, _ in decided if left_out} == {"score", "free", "area"}
    assert {rule for rule, left_out, _ in decided if not left_out} == {"score", "free", "area"}
    margins = {rule: [by for name, _, by in decided if name == rule] for rule, _, _ in decided}
    assert min(margins["score"]) >= 2e-4  # noise moves a score by some 1e-6
    assert min(margins["free"]) >= 5  # pixels
    assert min(margins["area"]) >= 100


def test_every_ordinary_picture_has_two_things_and_two_kinds_of_stuff(answers: Any) -> None:
    for picture, answer in answers:
        classes = answer["segment_classes"].tolist()
        assert set(classes) <= {*THINGS, *STUFF}
        assert answer["panoptic"].max() == len(classes)
        assert len({*classes} & {*STUFF}) >= 2
        things = [label for label in classes if label in THINGS]
        assert len(things) >= 2 if picture != FLAT else not things
        assert (answer["semantic"].argmax(0) == 0).any()  # "other" wins somewhere


#: What deviates where there is another segment or detection, and not only another value.
COUNTED = {"panoptic", "segment_classes", "missing", "extra", "structure"}


def test_rounding_noise_changes_no_segment(model: Any) -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    for sizes in (SIZES, *((size, SIZES[1]) for size in OTHER_SIZES)):
        for picture in range(len(pictures.PICTURES)):
            (images,) = pictures.image_list(sizes, picture)
            noisy = [x + 1e-6 * torch.randn(x.shape, generator=generator) for x in images]
            clean, other = run(model, images), run(model, noisy)
            assert not set(compare(clean, other, OPTIONS)["deviating"]) & COUNTED, (sizes, picture)
            for ours, theirs in zip(clean, other):
                assert ours["segment_classes"].tolist() == theirs["segment_classes"].tolist()


def test_noise_in_the_weights_changes_no_segment(model: Any) -> None:
    import copy

    import torch

    noisy, generator = copy.deepcopy(model), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in noisy.parameters():
            parameter.mul_(1 + 1e-6 * torch.randn(parameter.shape, generator=generator))
    for picture in range(len(pictures.PICTURES)):
        (images,) = pictures.image_list(SIZES, picture)
        clean, other = run(model, images), run(noisy, images)
        assert not set(compare(clean, other, OPTIONS)["deviating"]) & COUNTED


def resized(maps: Array, height: int, width: int) -> Array:
    """Maps [C, h, w] at another size: bilinear between centres, constant beyond the outer ones."""
    found: Array = weights(maps.shape[1], height) @ maps @ weights(maps.shape[2], width).T
    return found


def weights(before: int, after: int) -> Array:
    """How much each of the `after` cells takes from each of the `before` cells: [after, before]."""
    found = np.zeros((after, before))
    for i in range(after):
        at = min(max((i + 0.5) * before / after - 0.5, 0), before - 1)
        low = min(int(at), before - 2)
        found[i, low], found[i, low + 1] = low + 1 - at, at - low
    return found


def normalised(maps: Array, layer: Any) -> Array:
    """Wu and He, "Group Normalization" (ECCV 2018), equations 1 to 6."""
    groups = maps.reshape(layer.num_groups, -1)
    mean, variance = groups.mean(1, keepdims=True), groups.var(1, keepdims=True)
    centred = ((groups - mean) / np.sqrt(variance + layer.eps)).reshape(maps.shape)
    scale, shift = (x.detach().double().numpy()[:, None, None] for x in (layer.weight, layer.bias))
    found: Array = centred * scale + shift
    return found


def through(layer: Any, maps: Array) -> Array:
    import torch

    with torch.no_grad():
        return layer.double()(torch.from_numpy(maps)[None])[0].numpy()


@pytest.mark.parametrize("picture", range(2))
def test_the_semantic_map_is_that_of_the_paper(model: Any, picture: int) -> None:
    """For each image of a batch of unequal sizes: both are padded."""
    import copy

    import torch
    from torch import nn

    (images,) = pictures.image_list(SIZES, picture)
    head = copy.deepcopy(model.semantic_head)
    with torch.no_grad():
        batch, _ = model.transform(images)
        pyramid = model.backbone(batch.tensors)
    for i, answer in enumerate(run(model, images)):
        total: Any = 0
        for level in range(4):
            maps = pyramid[str(level)][i].double().numpy()
            convolutions = [m for m in head.branches[level] if isinstance(m, nn.Conv2d)]
            norms = [m for m in head.branches[level] if isinstance(m, nn.GroupNorm)]
            assert len(convolutions) == len(norms) == max(level, 1)
            for convolution, norm in zip(convolutions, norms):
                assert convolution.kernel_size == (3, 3)
                maps = np.maximum(normalised(through(convolution, maps), norm), 0)
                if level:
                    maps = resized(maps, 2 * maps.shape[1], 2 * maps.shape[2])
            total = total + maps
        logits = through(head.predict, total)
        logits = resized(logits, 4 * logits.shape[1], 4 * logits.shape[2])
        assert logits.shape[1:] == batch.tensors.shape[2:]
        height, width = batch.image_sizes[i]
        assert (height, width) != logits.shape[1:]
        powers = np.exp(resized(logits[:, :height, :width], *SIZES[i]))
        np.testing.assert_allclose(answer["semantic"], powers / powers.sum(0), atol=1e-4)


class TestMerge:
    """Maps of four columns of ten pixels, merged by hand. Things: classes 1, 2; stuff: 3, 4."""

    COLUMNS = 4

    def merge(self, *instances: tuple[float, int, str], stuff: str = "oooo") -> list[str]:
        """Instances are (score, label, columns); stuff is a letter per column: o, a (class 3),
        b (4). Returns a string for the void and for each segment: the class and the columns."""
        import torch

        from conformance.architectures.panoptic_fpn import merge

        masks = torch.zeros(len(instances), 1, 10, self.COLUMNS)
        for i, (_, _, columns) in enumerate(instances):
            for column in columns:
                masks[i, 0, :, int(column)] = 0.9
        semantic = torch.zeros(3, 10, self.COLUMNS)
        for column, letter in enumerate(stuff):
            semantic["oab".index(letter), :, column] = 1
        labels = torch.tensor([label for _, label, _ in instances], dtype=torch.int64)
        scores = torch.tensor([score for score, _, _ in instances])
        panoptic, classes = merge(masks, labels, scores, semantic, 2, 0.5, 0.5, 20)
        assert (panoptic == panoptic[0]).all()
        rows = ["void", *(str(label) for label in classes.tolist())]
        return [
            f"{row}: " + "".join(str(c) for c in range(self.COLUMNS) if panoptic[0, c] == i)
            for i, row in enumerate(rows)
        ]

    def test_a_picture_in_which_nothing_is_found_is_void(self) -> None:
        assert self.merge() == ["void: 0123"]

    def test_instances_of_one_class_are_segments_of_their_own(self) -> None:
        assert self.merge((0.9, 1, "0"), (0.8, 1, "3")) == ["void: 12", "1: 0", "1: 3"]

    def test_the_higher_score_takes_the_pixels_in_any_order_of_instances(self) -> None:
        expected = ["void: 3", "2: 01", "1: 2"]
        assert self.merge((0.9, 2, "01"), (0.8, 1, "12")) == expected
        assert self.merge((0.8, 1, "12"), (0.9, 2, "01")) == expected

    def test_an_instance_that_is_less_than_half_free_is_left_out(self) -> None:
        assert self.merge((0.9, 2, "01"), (0.8, 1, "012")) == ["void: 23", "2: 01"]

    def test_an_instance_that_was_left_out_takes_no_pixels_from_later_ones(self) -> None:
        found = self.merge((0.9, 2, "01"), (0.8, 1, "012"), (0.7, 1, "23"))
        assert found == ["void: ", "2: 01", "1: 23"]

    def test_a_score_below_the_threshold_is_left_out(self) -> None:
        assert self.merge((0.49, 1, "01"), (0.5, 2, "3")) == ["void: 012", "2: 3"]

    def test_an_instance_without_pixels_is_no_segment(self) -> None:
        assert self.merge((0.9, 1, ""), (0.8, 2, "0")) == ["void: 123", "2: 0"]

    def test_stuff_fills_pixels_without_an_instance_and_other_is_void(self) -> None:
        found = self.merge((0.9, 1, "0"), stuff="aoaa")
        assert found == ["void: 1", "1: 0", "3: 23"]

    def test_stuff_of_too_small_an_area_is_left_out(self) -> None:
        assert self.merge(stuff="aabo") == ["void: 23", "3: 01"]
        assert self.merge((0.9, 1, "0"), stuff="aabb") == ["void: 1", "1: 0", "4: 23"]


def test_it_can_be_scripted_and_traced(model: Any) -> None:
    """Also for pictures with other numbers of instances than the traced one."""
    import torch

    (images,) = pictures.image_list(SIZES, 0)
    scripted = torch.jit.script(model)
    example = pictures.image_list(SIZES[:1], 0)
    traced = tracing.trace(Context(model, example, ("[CHW]",), frozenset()))
    expected, noise = ask(EagerModel(model, "cpu"), (images,), PANOPTIC.outputs)
    assert compare(expected, run(scripted, images), OPTIONS, noise)["problems"] == []
    for picture in range(len(pictures.PICTURES)):
        (images,) = pictures.image_list(SIZES[:1], picture)
        expected, noise = ask(EagerModel(model, "cpu"), (images,), PANOPTIC.outputs)
        with torch.no_grad():
            answer = [dict(zip(expected[0], to_arrays(traced(images[0]))))]
        assert compare(expected, answer, OPTIONS, noise)["problems"] == []
