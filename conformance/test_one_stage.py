"""FCOS, SSD and SSDlite against their papers, computed again in numpy from the heads' outputs.

Where torchvision departs from a paper, the tests follow torchvision and say so.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
import pytest

from conformance.architectures.table import ONE_STAGE, SIZES
from conformance.oracle import Array, best, clip, decode, sigmoid, softmax
from pytest_export_matrix.samples import pictures

FLAT = pictures.PICTURES.index("flat")
#: Of the deltas of a box: the "variances" 0.1 and 0.2 of the SSD authors' code.
WEIGHTS = (10.0, 10.0, 5.0, 5.0)
#: What a distance of 1 is on each level of FCOS, in pixels.
UNITS = (8, 16, 32, 64, 128)

Maps = list[tuple[int, int]]


@pytest.fixture(scope="module", params=[architecture.name for architecture in ONE_STAGE])
def module(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(f"conformance.architectures.{request.param}")


@pytest.fixture(scope="module")
def model(module: Any) -> Any:
    return module.build()


def default_boxes(maps: Maps, smallest: float, largest: float) -> Array:
    """Section 2.2 of SSD, in sides of the image: four boxes around the middle of each cell. After
    the largest scale, where the paper leaves it open, comes the whole side."""
    levels = len(maps)
    step = (largest - smallest) / (levels - 1)
    scales = [smallest + step * level for level in range(levels)] + [1.0]
    boxes = []
    for (rows, columns), scale, following in zip(maps, scales, scales[1:]):
        between = math.sqrt(scale * following)
        long, short = min(scale * math.sqrt(2), 1), scale / math.sqrt(2)
        for row in range(rows):
            for column in range(columns):
                x, y = (column + 0.5) / columns, (row + 0.5) / rows
                for w, h in ((scale, scale), (between, between), (long, short), (short, long)):
                    boxes.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return np.array(boxes)


def ssd(module: Any, head: dict[str, Array], maps: Maps, canvas: tuple[int, int]) -> Any:
    """Boxes in pixels of the resized image, probabilities, and the labels but the background."""
    assert canvas == (module.SIDE, module.SIDE)
    boxes = module.SIDE * default_boxes(maps, *module.SCALES)
    probabilities = softmax(head["cls_logits"])
    return decode(head["bbox_regression"], boxes, WEIGHTS), probabilities, range(1, module.CLASSES)


def fcos(module: Any, head: dict[str, Array], maps: Maps, canvas: tuple[int, int]) -> Any:
    """As `ssd`. In the paper a cell's point is its middle and the score is the product; torchvision
    takes the cell's first corner, and the root of the product, as the authors did later (2020)."""
    points = [
        (column * (canvas[1] // columns), row * (canvas[0] // rows), unit)
        for (rows, columns), unit in zip(maps, UNITS)
        for row in range(rows)
        for column in range(columns)
    ]
    x, y, unit = np.array(points).T
    left, top, right, bottom = head["bbox_regression"].T * unit
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1)
    scores = np.sqrt(sigmoid(head["cls_logits"]) * sigmoid(head["bbox_ctrness"]))
    return boxes, scores, range(module.CLASSES)


@pytest.mark.parametrize("seed", range(4))
def test_the_detections_are_those_of_the_paper(module: Any, model: Any, seed: int) -> None:
    import torch

    seen: list[Any] = []
    hook = model.head.register_forward_hook(
        lambda _, arguments, out: seen.extend([*arguments, out])
    )
    (images,) = pictures.image_list(SIZES, seed)
    with torch.no_grad():
        answers = model(images)
        resized, _ = model.transform(images)
    hook.remove()
    features, head = seen
    maps = [tuple(each.shape[-2:]) for each in features]
    candidates = fcos if "bbox_ctrness" in head else ssd
    for i, (answer, size, small) in enumerate(zip(answers, SIZES, resized.image_sizes)):
        own = {name: values[i].double().numpy() for name, values in head.items()}
        boxes, scores, labels = candidates(module, own, maps, tuple(resized.tensors.shape[-2:]))
        expected = best(clip(boxes, small), scores, labels, model.score_thresh, model.nms_thresh)
        assert answer["labels"].tolist() == [label for _, label, _ in expected]
        if (seed + i) % len(pictures.PICTURES) == FLAT:
            assert not expected
            continue
        assert len(expected) >= 5
        down, right = np.divide(size, small)
        enlarged = [box * [right, down, right, down] for _, _, box in expected]
        np.testing.assert_allclose(answer["scores"], [score for score, _, _ in expected], atol=1e-5)
        np.testing.assert_allclose(answer["boxes"], enlarged, atol=2e-3)
