"""The merge that can be captured, compared with the one of the model."""

from __future__ import annotations

from typing import Any

import pytest

MOST = 10
RULES = {"things": 4, "score": 0.5, "free": 0.5, "area": 100}


def instances(count: int, seed: int) -> tuple[Any, ...]:
    """Masks [count, 1, 40, 50], rectangles of which one in five is empty, with labels and scores,
    out of order, and a semantic map [5, 40, 50] in pieces of 10 x 10 pixels."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    masks = torch.zeros(count, 1, 40, 50)
    for mask in masks[:, 0]:
        top, left = (int(torch.randint(0, side, (), generator=generator)) for side in (30, 40))
        height, width = torch.randint(5, 30, (2,), generator=generator).tolist()
        if torch.rand((), generator=generator) > 0.2:
            mask[top : top + height, left : left + width] = 0.9
    labels = torch.randint(1, 5, (count,), generator=generator)
    scores = 0.4 + 0.6 * torch.rand(count, generator=generator)
    pieces = torch.rand(5, 4, 5, generator=generator)
    semantic = pieces.repeat_interleave(10, 1).repeat_interleave(10, 2).softmax(0)
    return masks, labels, scores, semantic


@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_instances_are_merged_as_by_the_model(count: int) -> None:
    import torch

    from conformance.architectures import panoptic_fpn
    from conformance.preparations.panoptic import merge

    things = set()
    for seed in range(30):
        given = instances(count, seed)
        expected, classes = panoptic_fpn.merge(*given, **RULES)
        panoptic, found = merge(*given, **RULES, most=MOST)
        assert panoptic.dtype == expected.dtype
        assert found.dtype == classes.dtype
        assert torch.equal(panoptic, expected)
        assert torch.equal(found, classes)
        things.add(int((classes <= RULES["things"]).sum()))
    # Some are left out, and their number varies.
    assert len(things) >= min(count + 1, 3)
    assert max(things) < count or count <= 2


def test_the_captured_merge_takes_any_number_of_instances() -> None:
    """Captured with three instances, it takes every number up to the limit."""
    import torch

    from conformance.architectures import panoptic_fpn
    from conformance.preparations.panoptic import merge

    class Merge(torch.nn.Module):
        def forward(self, scene: Any, semantic: Any) -> Any:
            chosen = torch.where(scene["kept"])[0]  # now their number depends on the data
            parts = (scene[name][chosen] for name in ("masks", "labels", "scores"))
            return merge(*parts, semantic, **RULES, most=MOST)

    def scene(count: int) -> tuple[Any, Any]:
        masks, labels, scores, semantic = instances(MOST, seed=count)
        kept = torch.arange(MOST) < count
        return {"masks": masks, "labels": labels, "scores": scores, "kept": kept}, semantic

    captured = torch.export.export(Merge(), scene(3)).module()
    for count in range(MOST + 1):
        given, semantic = scene(count)
        parts = (given[name][:count] for name in ("masks", "labels", "scores"))
        for ours, theirs in zip(
            captured(given, semantic), panoptic_fpn.merge(*parts, semantic, **RULES)
        ):
            assert torch.equal(ours, theirs), count
