"""Our PointRend R-CNN agrees with detectron2's on the same weights.

Rounding decides which of two nearly equal points is the last one that is predicted again. There a
mask may differ, but in so few pixels that its overlap hardly changes.
"""

from __future__ import annotations

from typing import Any

import pytest
from comparison import (
    HEADS,
    WHOLE,
    batches,
    detections,
    flat,
    heads_of,
    networks_of,
    overlaps,
    steps,
    within,
)

pytest.importorskip("torch")
NAME = "pointrend_rcnn"
#: One point changes 1 of 50176 pixels in the last step, and up to some hundred around it in an
#: earlier step. Rounding decides about a few of the 784 points of a step.
PIXELS, OVERLAP = 1e-3, 0.998


@pytest.fixture(scope="module")
def model() -> Any:
    from conformance.architectures import pointrend_rcnn

    return pointrend_rcnn.build("resnet10")


def split(found: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Any]]:
    boxes = [{k: v for k, v in each.items() if k != "masks"} for each in found]
    return boxes, [each["masks"] for each in found]


def test_the_masks_of_given_boxes_agree(detectron2: Any, tell: Any, model: Any) -> None:
    """Coarse head, point head and subdivision, on our features, boxes and labels."""
    ours = [steps(model, images) for images in batches(NAME)]
    cases = [
        {
            "ask": "masks",
            "features": each.pyramid(),
            "boxes": [found["boxes"] for found in each.found],
            "labels": [found["labels"] for found in each.found],
            "sizes": each.sizes,
        }
        for each in ours
    ]
    masks = [found["masks"] for each in ours for found in each.found]
    figures = overlaps(masks, flat(detectron2(model, cases)))
    tell(figures)
    assert figures["share_in_one_mask"] <= PIXELS
    assert figures["lowest_iou"] >= OVERLAP


@pytest.mark.parametrize(
    ("both", "allowed"), [(heads_of, HEADS), (networks_of, WHOLE)], ids=["heads", "networks"]
)
def test_the_detections_agree(
    detectron2: Any, tell: Any, model: Any, both: Any, allowed: dict[str, float]
) -> None:
    """At our proposals, and from the pixels."""
    ours, theirs = map(split, both(detectron2, model, NAME))
    figures = detections(ours[0], theirs[0])
    masks = overlaps(ours[1], theirs[1])
    tell({**figures, **masks})
    assert within(figures, allowed)
    assert masks["lowest_iou"] >= OVERLAP
