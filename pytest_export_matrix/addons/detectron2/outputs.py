"""Turn answers of detectron2 into dicts of tensors, under the names that other detectors use."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

import torch
from torch import Tensor

#: Fields of `Instances`, and what their tensors are called here.
FIELDS = {
    "pred_boxes": "boxes",
    "proposal_boxes": "boxes",
    "scores": "scores",
    "objectness_logits": "scores",
    "pred_classes": "labels",
    "pred_masks": "masks",
    "pred_keypoints": "keypoints",
    "pred_keypoint_heatmaps": "heatmaps",
}


def in_dicts(answer: Sequence[Any]) -> List[Dict[str, Tensor]]:
    """An answer of detectron2 as a dict of tensors for each image."""
    return [_tensors(each) for each in answer]


def _tensors(found: Any) -> Dict[str, Tensor]:
    if not isinstance(found, dict):
        found = {"instances": found}
    tensors: Dict[str, Tensor] = {}
    for key in ("proposals", "instances"):
        fields = found[key].get_fields() if key in found else {}
        for field, name in FIELDS.items():
            if field in fields:
                tensors[name] = getattr(fields[field], "tensor", fields[field])
    if "sem_seg" in found:
        tensors["semantic"] = found["sem_seg"]
    if "panoptic_seg" in found:
        tensors["panoptic"], segments = found["panoptic_seg"]
        classes = [class_of(segment["category_id"], segment["isthing"]) for segment in segments]
        tensors["segment_classes"] = torch.tensor(classes, dtype=torch.int64)
    return tensors


def class_of(category: int, is_thing: bool) -> int:
    """One number for a category of things or of stuff: both are counted from 0."""
    return 2 * category + int(not is_thing)
