"""Cascade R-CNN against the paper, computed again in numpy from the outputs of its layers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from conformance.architectures.table import SIZES
from conformance.oracle import best, clip, decode, softmax
from pytest_export_matrix.samples import pictures


@pytest.fixture(scope="module", params=[False, True], ids=["boxes", "masks"])
def model(request: pytest.FixtureRequest) -> Any:
    from conformance.architectures import cascade_rcnn

    return cascade_rcnn.build("resnet10", masks=request.param)


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
        images, _ = model.transform(*pictures.image_list(SIZES[:1], seed))
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
    classes = range(1, mean.shape[1])
    kept = best(boxes, mean, classes, heads.score_thresh, heads.nms_thresh)
    expected = kept[: heads.detections_per_img]
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
        model(*pictures.image_list(SIZES, 0))
    hook.remove()
    assert [len(boxes) for boxes in pooled] == [2, 2, 2]
    for earlier, later in itertools.pairwise(pooled):
        for before, after in zip(earlier, later):
            assert before.shape == after.shape
            assert (before - after).abs().max() > 1


def test_a_detection_has_a_mask_where_there_is_a_mask_head(model: Any) -> None:
    import torch

    with torch.no_grad():
        answers = model(*pictures.image_list(SIZES, 0))
    for answer, size in zip(answers, SIZES):
        assert answer["boxes"].shape == (len(answer["scores"]), 4)
        if model.roi_heads.has_mask():
            assert answer["masks"].shape == (len(answer["scores"]), 1, *size)
        else:
            assert "masks" not in answer


def test_it_can_be_scripted(model: Any) -> None:
    import torch

    (images,) = pictures.image_list(SIZES, 0)
    with torch.no_grad():
        eager, (_, scripted) = model(images), torch.jit.script(model)(images)
    for ours, theirs in zip(eager, scripted):
        assert ours["labels"].tolist() == theirs["labels"].tolist()
        assert torch.allclose(ours["boxes"], theirs["boxes"], atol=1e-3)
