"""How far detectron2's answers are from ours, in figures."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from translation import LEVELS

from conformance.architectures.table import ARCHITECTURES, SIZES
from pytest_export_matrix.samples import pictures

#: float32 knows a coordinate of 256 pixels to 3e-5, and a score of 1 to 1.2e-7. A head is a chain
#: of sums of up to 3136 products, which every version of torch adds up in another order: that is
#: some ten to fifty times as much. The whole network, with its 13 convolutions, is ten times worse.
HEADS = {"boxes": 1e-3, "scores": 1e-5, "masks": 1e-4}
WHOLE = {"boxes": 1e-2, "scores": 1e-4, "masks": 1e-3}


#: Sizes that need no resizing, and at which cells of the coarsest level are 64 pixels wide:
#: torchvision spreads its anchors over the level, detectron2 sets them 64 pixels apart.
UNRESIZED = ((192, 256), (256, 192))


def batches(name: str, sizes: Sequence[tuple[int, int]] = SIZES) -> list[list[Any]]:
    """The images that an architecture is shown: each of its pictures, the adversarial ones too, at
    each size, and batches of two of unequal size."""
    (architecture,) = (each for each in ARCHITECTURES if each.name == name)
    seeds = sorted({*range(len(pictures.PICTURES)), *architecture.adversarial.values()})
    alone = [[size] for size in sizes]
    return [pictures.image_list(each, seed)[0] for each in (*alone, sizes) for seed in seeds]


@dataclass
class Steps:
    """What a model of ours computed from a batch of images, step by step."""

    features: dict[str, Any]
    proposals: list[Any]
    sizes: list[tuple[int, int]]
    found: list[dict[str, Any]]

    def at_our_proposals(self) -> dict[str, Any]:
        """The case of detectron2's heads on our pyramid and proposals."""
        return {
            "ask": "heads",
            "features": self.pyramid(),
            "proposals": self.proposals,
            "sizes": self.sizes,
        }

    def pyramid(self) -> dict[str, Any]:
        return {LEVELS[name]: maps for name, maps in self.features.items()}


def steps(model: Any, images: list[Any]) -> Steps:
    """Boxes are in pixels of the resized images, masks in their boxes."""
    import torch

    with torch.no_grad():
        batch, _ = model.transform(images)
        features = model.backbone(batch.tensors)
        proposals, _ = model.rpn(batch, features)
        found, _ = model.roi_heads(features, proposals, batch.image_sizes)
    return Steps(features, proposals, list(batch.image_sizes), found)


def heads_of(detectron2: Any, model: Any, name: str) -> tuple[list[Any], list[Any]]:
    """What our heads and detectron2's find at the same proposals, image by image."""
    ours = [steps(model, images) for images in batches(name)]
    theirs = detectron2(model, [each.at_our_proposals() for each in ours])
    return [found for each in ours for found in each.found], flat(theirs)


def networks_of(detectron2: Any, model: Any, name: str) -> tuple[list[Any], list[Any]]:
    """What our network and detectron2's find in the same images, image by image."""
    model = copy.deepcopy(model)
    model.transform.min_size = (min(UNRESIZED[0]),)
    shown = batches(name, UNRESIZED)
    ours = [steps(model, images).found for images in shown]
    return flat(ours), flat(detectron2(model, [{"ask": "whole", "images": x} for x in shown]))


def flat(batches: list[list[Any]]) -> list[Any]:
    return [each for batch in batches for each in batch]


def apart(ours: Any, theirs: Any) -> float:
    """The largest difference of two tensors of one shape."""
    assert theirs.shape == ours.shape
    return float((theirs - ours).abs().max()) if ours.numel() else 0.0


def detections(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, float]:
    """Figures of the detections, which must be the same ones in the same order for each image."""
    assert len(ours) == len(theirs)
    found = {"images": len(ours), "detections": sum(len(each["labels"]) for each in ours)}
    for mine, other in zip(ours, theirs):
        assert other["labels"].tolist() == mine["labels"].tolist()
    names = [name for name in ("boxes", "scores", "masks") if name in ours[0]]
    worst = {
        name: max(apart(mine[name], other[name]) for mine, other in zip(ours, theirs))
        for name in names
    }
    return {**found, **worst}


def overlaps(ours: list[Any], theirs: list[Any]) -> dict[str, float]:
    """Figures of the masks [N, 1, S, S] of all images: the lowest intersection over union, and the
    share of pixels whose probability differs by more than the rounding of the head, in all masks
    and in the worst one. For an image without detections, detectron2's S is another one."""
    import torch

    assert [len(each) for each in theirs] == [len(each) for each in ours]
    mine, other = (torch.cat([each for each in masks if len(each)]) for masks in (ours, theirs))
    assert mine.shape == other.shape
    union = ((mine > 0.5) | (other > 0.5)).flatten(1).sum(1)
    shared = ((mine > 0.5) & (other > 0.5)).flatten(1).sum(1)
    differing = (mine - other).abs() > HEADS["masks"]
    return {
        "masks_compared": len(mine),
        "lowest_iou": float((shared[union > 0] / union[union > 0]).min()),
        "largest_difference": float((mine - other).abs().max()),
        "share_of_pixels": float(differing.float().mean()),
        "share_in_one_mask": float(differing.float().flatten(1).mean(1).max()),
    }


def within(figures: dict[str, float], allowed: dict[str, float]) -> bool:
    return all(figures[name] <= most for name, most in allowed.items() if name in figures)
