"""PointRend against the paper, computed again in numpy from the outputs of its layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from conformance.architectures.table import SIZES
from conformance.eager import ask
from pytest_export_matrix.samples import pictures

Array = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def model() -> Any:
    from conformance.architectures import pointrend_rcnn

    return pointrend_rcnn.build("resnet10")


def bilinear(features: Array, x: float, y: float) -> Array:
    """Features [C, H, W] at (x, y) of 0..1, between the centres of cells; nothing lies outside."""
    _, height, width = features.shape
    column, row = x * width - 0.5, y * height - 0.5
    left, top = int(np.floor(column)), int(np.floor(row))
    total = np.zeros(len(features))
    for i, weight_y in ((top, 1 - (row - top)), (top + 1, row - top)):
        for j, weight_x in ((left, 1 - (column - left)), (left + 1, column - left)):
            if 0 <= i < height and 0 <= j < width:
                total += weight_y * weight_x * features[:, i, j]
    return total


def enlarged(mask: Array) -> Array:
    """Twice as many rows and columns, bilinearly; at the border the value of the border."""
    rows, columns = mask.shape
    found = np.empty((2 * rows, 2 * columns))
    for i in range(2 * rows):
        for j in range(2 * columns):
            y = min(max((i + 0.5) / 2 - 0.5, 0), rows - 1)
            x = min(max((j + 0.5) / 2 - 0.5, 0), columns - 1)
            top, left = int(y), int(x)
            bottom, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
            above = mask[top, left] * (1 - (x - left)) + mask[top, right] * (x - left)
            below = mask[bottom, left] * (1 - (x - left)) + mask[bottom, right] * (x - left)
            found[i, j] = above * (1 - (y - top)) + below * (y - top)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_the_masks_are_those_of_the_paper(model: Any, seed: int) -> None:
    """For the first box: a step enlarges, and predicts the 784 most uncertain points again."""
    import torch

    heads = model.roi_heads
    with torch.no_grad():
        images, _ = model.transform(*pictures.image_list(SIZES[:1], seed))
        features = model.backbone(images.tensors)
        proposals, _ = model.rpn(images, features)
        (answer,), _ = heads(features, proposals, images.image_sizes)
    height, width = images.tensors.shape[-2:]
    finest = features["0"][0].double().numpy()
    box, label = answer["boxes"][0].double().numpy(), int(answer["labels"][0])

    def fine(x: float, y: float) -> Array:
        return bilinear(
            finest,
            (box[0] + x * (box[2] - box[0])) / width,
            (box[1] + y * (box[3] - box[1])) / height,
        )

    pooled = np.array(
        [[fine((j + 0.5) / 14, (i + 0.5) / 14) for j in range(14)] for i in range(14)]
    )
    with torch.no_grad():
        head = torch.from_numpy(pooled.transpose(2, 0, 1)).float()[None]
        coarse = heads.coarse_head(head)[0].double().numpy()
    mask = coarse[label]
    for size in (14, 28, 56, 112, 224):
        mask = enlarged(mask)
        assert mask.shape == (size, size)
        if size == 14:
            continue
        flat = mask.flatten()
        points = np.argsort(np.abs(flat), kind="stable")[:784]
        places = [((p % size + 0.5) / size, (p // size + 0.5) / size) for p in points]
        with torch.no_grad():
            found = heads.point_head(
                torch.from_numpy(np.array([fine(*place) for place in places]).T).float()[None],
                torch.from_numpy(np.array([bilinear(coarse, *p) for p in places]).T).float()[None],
            )
        flat[points] = found[0, label].double().numpy()
        mask = flat.reshape(size, size)
    expected = 1 / (1 + np.exp(-mask))
    differing = np.abs(answer["masks"][0, 0].double().numpy() - expected) > 1e-3
    # Rounding decides which of two nearly equal points is the 784th.
    assert differing.mean() < 1e-3


def test_a_mask_differs_from_the_one_of_the_coarse_head(model: Any) -> None:
    import torch
    from torch.nn.functional import interpolate

    heads, coarse = model.roi_heads, []
    hook = heads.coarse_head.register_forward_hook(lambda _, __, out: coarse.append(out))
    with torch.no_grad():
        images, _ = model.transform(*pictures.image_list(SIZES[:1], 0))
        features = model.backbone(images.tensors)
        (answer,), _ = heads(features, model.rpn(images, features)[0], images.image_sizes)
    hook.remove()
    chosen = torch.arange(len(answer["labels"]))
    smooth = interpolate(coarse[0][chosen, answer["labels"]][:, None], 224, mode="bilinear")
    assert (answer["masks"] - smooth.sigmoid()).abs().mean() > 0.05


def test_an_image_without_detections_has_no_masks(model: Any) -> None:
    import torch

    with torch.no_grad():
        flat = pictures.PICTURES.index("flat")
        (answer,) = model(*pictures.image_list(SIZES[:1], flat))
    assert answer["masks"].shape == (0, 1, *SIZES[0])


def test_it_can_be_scripted(model: Any) -> None:
    import torch

    (images,) = pictures.image_list(SIZES, 0)
    with torch.no_grad():
        eager, (_, scripted) = model(images), torch.jit.script(model)(images)
    for ours, theirs in zip(eager, scripted):
        assert ours["labels"].tolist() == theirs["labels"].tolist()
        assert ((ours["masks"] - theirs["masks"]).abs() > 1e-3).float().mean() < 1e-3


def test_a_trace_answers_for_any_number_of_detections_and_any_size(model: Any) -> None:
    import torch

    from conformance.architectures.table import OTHER_SIZES, POINTREND
    from pytest_export_matrix.compare.detections import compare
    from pytest_export_matrix.exporters import tracing
    from pytest_export_matrix.exporters.context import Context
    from pytest_export_matrix.vocabulary.pytrees import to_arrays
    from pytest_export_matrix.worker.eager import EagerModel

    example = pictures.image_list(SIZES[:1], 0)
    traced = tracing.trace(Context(model, example, ("[CHW]",), frozenset()))
    options = POINTREND.outputs.options  # type: ignore[union-attr]
    for size in (SIZES[0], OTHER_SIZES[0], OTHER_SIZES[1]):
        for picture in range(len(pictures.PICTURES)):
            (image,) = pictures.image_list([size], picture)[0]
            expected, noise = ask(EagerModel(model, "cpu"), ([image],), POINTREND.outputs)
            with torch.no_grad():
                named = [dict(zip(expected[0], to_arrays(traced(image))))]
            assert compare(expected, named, options, noise)["problems"] == []
