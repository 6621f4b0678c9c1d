"""The replacements for methods of FCOS and SSD choose exactly the same detections."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

SHAPES = ((100, 80), (90, 100))  # of two images
LEVELS = (60, 15, 1)  # how many anchors each has
#: Anchors are placed in this square: some reach out of the images.
PLACES = (-10, 90)

#: The threshold of scores, and the largest number of candidates of a level or a class. Each takes
#: effect alone, and both together; the last threshold is above all scores.
CHOICES = [(0.0, 1000), (0.0, 10), (0.6, 1000), (0.6, 10), (1.0, 1000)]


@pytest.mark.parametrize(("threshold", "candidates"), CHOICES)
def test_fcos_chooses_the_detections_that_torchvision_does(
    threshold: float, candidates: int
) -> None:
    from torchvision.models.detection import FCOS
    from torchvision.models.detection._utils import BoxLinearCoder

    from pytest_export_matrix.preparations.torch_export.one_stage import detections_of_points

    head = {
        "cls_logits": [noise(2, count, 3) for count in LEVELS],
        "bbox_regression": [noise(2, count, 4).abs() for count in LEVELS],
        "bbox_ctrness": [noise(2, count, 1) for count in LEVELS],
    }
    model = limits(threshold, candidates, BoxLinearCoder(normalize_by_size=True))
    given = (model, head, [[anchors(count) for count in LEVELS]] * 2, SHAPES)
    found, expected = detections_of_points(*given), FCOS.postprocess_detections(*given)
    assert in_numbers(found) == in_numbers(expected)
    assert [bool(len(each["scores"])) for each in found] == [threshold < 1] * 2


@pytest.mark.parametrize(("threshold", "candidates"), CHOICES)
def test_ssd_chooses_the_detections_that_torchvision_does(
    threshold: float, candidates: int
) -> None:
    from torchvision.models.detection._utils import BoxCoder
    from torchvision.models.detection.ssd import SSD

    from pytest_export_matrix.preparations.torch_export.one_stage import detections_of_default_boxes

    count = sum(LEVELS)
    head = {"cls_logits": 2 * noise(2, count, 4), "bbox_regression": noise(2, count, 4)}
    model = limits(threshold, candidates, BoxCoder(weights=(10.0, 10.0, 5.0, 5.0)))
    given = (model, head, [anchors(count)] * 2, SHAPES)
    found, expected = detections_of_default_boxes(*given), SSD.postprocess_detections(*given)
    assert in_numbers(found) == in_numbers(expected)
    assert [bool(len(each["scores"])) for each in found] == [threshold < 1] * 2


def limits(threshold: float, candidates: int, box_coder: Any) -> Any:
    """The attributes of a model that are read when detections are chosen."""
    return SimpleNamespace(
        score_thresh=threshold,
        topk_candidates=candidates,
        nms_thresh=0.3,
        detections_per_img=25,
        box_coder=box_coder,
    )


def noise(*shape: int) -> Any:
    """Normally distributed, with the shape as its seed."""
    import torch

    generator = torch.Generator().manual_seed(int("".join(map(str, shape))))
    return torch.randn(shape, generator=generator)


def anchors(count: int) -> Any:
    """Of 16 x 16 pixels: [count, 4]."""
    import torch

    corners = torch.empty(count, 2).uniform_(*PLACES, generator=torch.Generator().manual_seed(0))
    return torch.cat([corners, corners + 16], dim=1)


def in_numbers(detections: Any) -> Any:
    return [{name: values.tolist() for name, values in each.items()} for each in detections]
