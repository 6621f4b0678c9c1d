"""The end: what was detected, in the size that is asked for."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import torch
from detectron2.structures import Instances
from torch import Tensor
from torchvision.ops.boxes import clip_boxes_to_image

from pytest_export_matrix.addons.detectron2.torch_export.regions import paste
from pytest_export_matrix.addons.detectron2.torch_export.structures import (
    Size,
    are_large,
    boxes,
    instances,
)

Inputs = List[Dict[str, Any]]


def of_rcnn(
    model: Any,
    inputs: Inputs,
    detected_instances: Optional[List[Instances]] = None,
    do_postprocess: bool = True,
) -> Any:
    """`GeneralizedRCNN.inference`, of boxes that the model finds itself.

    Raises ValueError for `detected_instances`.
    """
    if detected_instances is not None:
        raise ValueError(
            "a prepared model finds its boxes itself: detected_instances has to be None"
        )
    images = model.preprocess_image(inputs)
    features = model.backbone(images.tensor)
    proposals, _ = model.proposal_generator(images, features, None)
    found, _ = model.roi_heads(images, features, proposals, None)
    return postprocessed(found, inputs) if do_postprocess else found


def of_retinanet(model: Any, inputs: Inputs) -> List[Dict[str, Instances]]:
    """`RetinaNet.forward`, for inference."""
    images = model.preprocess_image(inputs)
    features = model.backbone(images.tensor)
    maps = [features[name] for name in model.head_in_features]
    return postprocessed(model.forward_inference(images, maps, model.head(maps)), inputs)


def postprocessed(found: List[Instances], inputs: Inputs) -> List[Dict[str, Instances]]:
    """What models answer: detections in images of the height and width of each input, if it has
    some, or else of its image."""
    answers = []
    for each, given in zip(found, inputs):
        height, width = each.image_size
        wanted = given.get("height", height), given.get("width", width)
        answers.append({"instances": resized(each, wanted)})
    return answers


def resized(found: Instances, wanted: Size) -> Instances:
    """`detector_postprocess`: detections in an image of the size `wanted` (height, width), without
    those that are empty there; masks are pasted into it."""
    fields = dict(found.get_fields())
    corners = fields.pop("pred_boxes").tensor
    if wanted != found.image_size:
        height, width = (new / old for new, old in zip(wanted, found.image_size))
        corners = _scaled(corners, [width, height, width, height])
        if "pred_keypoints" in fields:
            fields["pred_keypoints"] = _scaled(fields["pred_keypoints"], [width, height, 1.0])
    corners = clip_boxes_to_image(corners, wanted)
    index = torch.where(are_large(corners))[0]
    left: Dict[str, Tensor] = {name: values[index] for name, values in fields.items()}
    corners = corners[index]
    if "pred_masks" in left:
        left["pred_masks"] = paste(left["pred_masks"][:, 0], corners, wanted)
    return instances(wanted, pred_boxes=boxes(corners), **left)


def _scaled(values: Tensor, factors: List[float]) -> Tensor:
    return torch.stack([values[..., i] * factor for i, factor in enumerate(factors)], dim=-1)
