"""Cascade R-CNN against the paper, computed anew in numpy from what its layers answered."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from conformance.architectures import SIZES
from pytest_export_matrix import samples

Array = npt.NDArray[np.float64]
#: Largest exponent of a side: what torchvision and detectron2 clamp deltas to.
CLAMP = np.log(1000 / 16)


@pytest.fixture(scope="module", params=[False, True], ids=["boxes", "masks"])
def model(request: pytest.FixtureRequest) -> Any:
    from conformance.architectures import cascade_rcnn

    return cascade_rcnn.build("resnet10", masks=request.param)


def decode(deltas: Array, boxes: Array, weights: tuple[float, ...]) -> Array:
    """Girshick et al. 2014, appendix C: deltas of centre and size, each divided by its weight."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + width / 2, boxes[:, 1] + height / 2
    dx, dy, dw, dh = (deltas / np.array(weights)).T
    x, y = x + dx * width, y + dy * height
    width, height = width * np.exp(np.minimum(dw, CLAMP)), height * np.exp(np.minimum(dh, CLAMP))
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)


def clip(boxes: Array, size: tuple[int, int]) -> Array:
    height, width = size
    return np.minimum(np.maximum(boxes, 0), [width, height, width, height])


def softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    found: Array = powers / powers.sum(1, keepdims=True)
    return found


def overlap(box: Array, others: Array) -> Array:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    found: Array = shared / (areas - shared)
    return found


def best(boxes: Array, probabilities: Array, threshold: float, limit: float) -> list[Any]:
    """(score, label, box) by descending score: non-maximum suppression, class by class."""
    kept = []
    for label in range(1, probabilities.shape[1]):
        scores = probabilities[:, label]
        left = [i for i in np.argsort(-scores) if scores[i] > threshold]
        while left:
            first, left = left[0], left[1:]
            kept.append((scores[first], label, boxes[first]))
            near = overlap(boxes[first], boxes[left]) > limit if left else []
            left = [i for i, is_near in zip(left, near) if not is_near]
    return sorted(kept, key=lambda each: -each[0])


@pytest.mark.parametrize("seed", range(3))
def test_the_detections_are_those_of_the_paper(model: Any, seed: int) -> None:
    import torch

    heads, seen = model.roi_heads, {"stages": [], "sizes": None, "proposals": None}

    def keep(_: Any, arguments: Any) -> None:
        seen["proposals"], seen["sizes"] = arguments[1], arguments[2]

    hooks = [heads.register_forward_pre_hook(keep)]
    for stage in heads.stages:
        hooks.append(stage.register_forward_hook(lambda _, __, out: seen["stages"].append(out)))
    with torch.no_grad():
        images, _ = model.transform(*samples.image_list(SIZES[:1], seed))
        features = model.backbone(images.tensors)
        proposals, _ = model.rpn(images, features)
        (answer,), _ = heads(features, proposals, images.image_sizes)
    for hook in hooks:
        hook.remove()
    from conformance.architectures.cascade_rcnn import WEIGHTS

    boxes = proposals[0].double().numpy()
    probabilities = []
    for (logits, deltas), weights in zip(seen["stages"], WEIGHTS):
        probabilities.append(softmax(logits.double().numpy()))
        boxes = clip(decode(deltas.double().numpy(), boxes, weights), images.image_sizes[0])
    mean = sum(probabilities) / 3
    expected = best(boxes, mean, heads.score_thresh, heads.nms_thresh)[: heads.detections_per_img]
    assert len(expected) >= 3
    assert answer["labels"].tolist() == [label for _, label, _ in expected]
    np.testing.assert_allclose(answer["scores"], [score for score, _, _ in expected], atol=1e-5)
    np.testing.assert_allclose(answer["boxes"], [box for _, _, box in expected], atol=2e-3)


def test_each_stage_pools_at_the_boxes_of_the_one_before(model: Any) -> None:
    import torch

    pooled: list[Any] = []
    hook = model.roi_heads.box_roi_pool.register_forward_pre_hook(
        lambda _, arguments: pooled.append(arguments[1])
    )
    with torch.no_grad():
        model(*samples.image_list(SIZES, 0))
    hook.remove()
    assert [len(boxes) for boxes in pooled] == [2, 2, 2]
    for earlier, later in itertools.pairwise(pooled):
        for before, after in zip(earlier, later):
            assert before.shape == after.shape
            assert (before - after).abs().max() > 1


def test_a_detection_has_a_mask_where_there_is_a_mask_head(model: Any) -> None:
    import torch

    with torch.no_grad():
        answers = model(*samples.image_list(SIZES, 0))
    for answer, size in zip(answers, SIZES):
        assert answer["boxes"].shape == (len(answer["scores"]), 4)
        if model.roi_heads.has_mask():
            assert answer["masks"].shape == (len(answer["scores"]), 1, *size)
        else:
            assert "masks" not in answer


def test_it_can_be_scripted(model: Any) -> None:
    import torch

    (images,) = samples.image_list(SIZES, 0)
    with torch.no_grad():
        eager, (_, scripted) = model(images), torch.jit.script(model)(images)
    for ours, theirs in zip(eager, scripted):
        assert ours["labels"].tolist() == theirs["labels"].tolist()
        assert torch.allclose(ours["boxes"], theirs["boxes"], atol=1e-3)
