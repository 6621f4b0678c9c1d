"""Our Cascade R-CNN agrees with detectron2's on the same weights."""

from __future__ import annotations

from typing import Any

import pytest
from comparison import HEADS, WHOLE, detections, heads_of, networks_of, within

pytest.importorskip("torch")
NAMES = {"cascade_rcnn": False, "cascade_mask_rcnn": True}


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(name: str) -> Any:
    from conformance.architectures import cascade_rcnn

    return cascade_rcnn.build("resnet10", masks=NAMES[name])


def test_the_heads_agree(detectron2: Any, tell: Any, model: Any, name: str) -> None:
    """Pooling, three stages, the mean of the scores, suppression and masks, at our proposals."""
    figures = detections(*heads_of(detectron2, model, name))
    tell(figures)
    assert within(figures, HEADS)


def test_the_networks_agree(detectron2: Any, tell: Any, model: Any, name: str) -> None:
    """From the pixels: normalisation and padding, ResNet, pyramid, proposals and heads."""
    figures = detections(*networks_of(detectron2, model, name))
    tell(figures)
    assert within(figures, WHOLE)
