"""Answers of detectron2 as dicts of tensors, under the names that other detectors use."""

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
    for key, value in found.items():
        if key in ("instances", "proposals"):
            fields = value.get_fields()
            for field, name in FIELDS.items():
                if field in fields:
                    tensors[name] = getattr(fields[field], "tensor", fields[field])
        elif key == "panoptic_seg":
            tensors["panoptic"] = value[0]
            ids = [segment["category_id"] for segment in value[1]]
            tensors["categories"] = torch.tensor(ids, dtype=torch.int64)
        else:
            tensors[key] = value
    return tensors
