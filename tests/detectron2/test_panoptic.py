"""Our Panoptic FPN agrees with detectron2's on the same weights.

Masks are compared inside their boxes, because each library pastes them into the picture in its own
way. For the merge, detectron2 gets the masks that we pasted.
"""

from __future__ import annotations

from typing import Any

import pytest
from comparison import (
    HEADS,
    WHOLE,
    apart,
    batches,
    detections,
    flat,
    heads_of,
    networks_of,
    steps,
    within,
)

pytest.importorskip("torch")
NAME = "panoptic_fpn"
MAPS = 100  # random ones
SIZE = (96, 128)


@pytest.fixture(scope="module")
def model() -> Any:
    from conformance.architectures import panoptic_fpn

    return panoptic_fpn.build("resnet10")


@pytest.mark.parametrize(
    ("both", "allowed"), [(heads_of, HEADS), (networks_of, WHOLE)], ids=["heads", "networks"]
)
def test_the_instances_agree(
    detectron2: Any, tell: Any, model: Any, both: Any, allowed: dict[str, float]
) -> None:
    """At our proposals, and from the pixels."""
    figures = detections(*both(detectron2, model, NAME))
    tell(figures)
    assert within(figures, allowed)


def test_the_semantic_maps_agree(detectron2: Any, tell: Any, model: Any) -> None:
    """On our pyramid: probabilities at the size of the picture, and the most probable class."""
    import torch

    shown = batches(NAME)
    ours = [steps(model, images) for images in shown]
    with torch.no_grad():
        maps = [found["semantic"] for images in shown for found in model(images)]
    cases = [
        {
            "ask": "semantic",
            "features": each.pyramid(),
            "sizes": each.sizes,
            "outputs": [tuple(image.shape[1:]) for image in images],
        }
        for each, images in zip(ours, shown)
    ]
    logits = flat(detectron2(model, cases))
    differing = [(x.argmax(0) != y.argmax(0)).sum().item() for x, y in zip(maps, logits)]
    figures = {
        "images": len(maps),
        "probabilities": max(apart(x, y.softmax(0)) for x, y in zip(maps, logits)),
        "pixels": sum(x[0].numel() for x in maps),
        "pixels_of_another_class": sum(differing),
    }
    tell(figures)
    assert figures["probabilities"] <= HEADS["masks"]
    # They may differ where two classes are equal up to rounding.
    assert figures["pixels_of_another_class"] <= 1e-4 * figures["pixels"]


def agree(tell: Any, ours: list[Any], theirs: list[Any]) -> None:
    """Assert that each pixel belongs to the same segment, and each segment has the same class."""
    for (panoptic, classes), other in zip(ours, theirs):
        assert other["segment_classes"] == classes.tolist()
        assert (other["panoptic"] == panoptic).all()
    tell(
        {
            "images": len(ours),
            "segments": sum(len(classes) for _, classes in ours),
            "pixels": sum(panoptic.numel() for panoptic, _ in ours),
            "void_pixels": sum(int((panoptic == 0).sum()) for panoptic, _ in ours),
            "pixels_that_differ": 0,
        }
    )


def test_the_merge_agrees_on_detected_instances(detectron2: Any, tell: Any, model: Any) -> None:
    import torch

    with torch.no_grad():
        answers = [answer for images in batches(NAME) for answer in model(images)]
    names = ("masks", "labels", "scores", "semantic")
    cases = [{"ask": "merge", **{name: each[name] for name in names}} for each in answers]
    ours = [(each["panoptic"], each["segment_classes"]) for each in answers]
    agree(tell, ours, detectron2(model, cases))


def random_answer(seed: int) -> dict[str, Any]:
    """Up to twelve overlapping boxes and discs, some empty or covered, over random patches."""
    import torch
    from torch.nn.functional import interpolate

    generator = torch.Generator().manual_seed(seed)
    count = int(torch.randint(13, (), generator=generator))
    height, width = SIZE
    y = torch.arange(height)[:, None].float()
    x = torch.arange(width)[None].float()
    masks = torch.zeros(count, 1, height, width)
    for i in range(count):
        centre_y, centre_x, radius = torch.rand(3, generator=generator) * torch.tensor(
            [height, width, height / 2]
        )
        far = torch.stack([(y - centre_y).abs() + 0 * x, (x - centre_x).abs() + 0 * y])
        distance = far.norm(dim=0) if i % 2 else far.amax(0)
        masks[i, 0] = (radius - distance).sigmoid() * (0.9 if seed % 5 else 0.6)
    patches = torch.randn(1, 5, 4, 5, generator=generator)
    return {
        "masks": masks,
        "labels": torch.randint(1, 5, (count,), generator=generator),
        "scores": torch.rand(count, generator=generator),
        "semantic": interpolate(patches, SIZE, mode="bilinear")[0],
    }


def test_the_merge_agrees_on_random_instances(detectron2: Any, tell: Any, model: Any) -> None:
    from conformance.architectures.panoptic_fpn import merge

    answers = [random_answer(seed) for seed in range(MAPS)]
    rules = (model.things, model.score, model.free, model.area)
    ours = [merge(*each.values(), *rules) for each in answers]
    agree(tell, ours, detectron2(model, [{"ask": "merge", **each} for each in answers]))
