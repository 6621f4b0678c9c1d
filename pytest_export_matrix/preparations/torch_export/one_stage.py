"""RetinaNet, FCOS, SSD and SSDlite for torch.export."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision.ops.boxes import clip_boxes_to_image

from .binding import bind
from .boxes import best, suppress
from .regions import Size
from .resizing import prepare_transform

CHOSEN = "detections chosen without asking how many there are"


def prepare_retinanet(model: Any) -> str:
    changes = prepare_transform(model)
    bind(model, postprocess_detections=detections_of_anchors)
    return f"{changes}; {CHOSEN}"


def prepare_fcos(model: Any) -> str:
    changes = prepare_transform(model)
    bind(model, postprocess_detections=detections_of_points)
    return f"{changes}; {CHOSEN}"


def prepare_ssd(model: Any) -> str:
    """SSD, or SSDlite. They resize every image to one size: no size follows from a symbol."""
    bind(model, postprocess_detections=detections_of_default_boxes)
    return CHOSEN


def detections_of_anchors(
    model: Any,
    head_outputs: dict[str, list[Tensor]],
    anchors: list[list[Tensor]],
    image_shapes: list[Size],
) -> list[dict[str, Tensor]]:
    """`RetinaNet.postprocess_detections`: logits [N, A, C] and deltas [N, A, 4] of each level, and
    anchors [A, 4] of each image and level, to the detections of each image."""
    detections = []
    for i, shape in enumerate(image_shapes):
        found = []
        for logits, deltas, of_level in zip(
            head_outputs["cls_logits"], head_outputs["bbox_regression"], anchors[i]
        ):
            classes = logits.shape[-1]
            scores = logits[i].sigmoid().flatten()
            index = torch.where(scores > model.score_thresh)[0]
            index = index[scores[index].sort(descending=True).indices[: model.topk_candidates]]
            anchor = torch.div(index, classes, rounding_mode="floor")
            boxes = model.box_coder.decode_single(deltas[i][anchor], of_level[anchor])
            found.append((clip_boxes_to_image(boxes, shape), scores[index], index % classes))
        boxes, scores, labels = (torch.cat(part) for part in zip(*found))
        detections.append(_left(model, boxes, scores, labels))
    return detections


def detections_of_points(
    model: Any,
    head_outputs: dict[str, list[Tensor]],
    anchors: list[list[Tensor]],
    image_shapes: list[Size],
) -> list[dict[str, Tensor]]:
    """`FCOS.postprocess_detections`: logits [N, A, C], distances [N, A, 4] and centerness [N, A, 1]
    of each level, and anchors [A, 4] of each image and level, to the detections of each image.

    The best are chosen before the threshold is applied, while it is known how many there are.
    """
    detections = []
    for i, shape in enumerate(image_shapes):
        found = []
        for logits, distances, centerness, of_level in zip(
            head_outputs["cls_logits"],
            head_outputs["bbox_regression"],
            head_outputs["bbox_ctrness"],
            anchors[i],
        ):
            classes = logits.shape[-1]
            scores = (logits[i].sigmoid() * centerness[i].sigmoid()).sqrt().flatten()
            index = best(scores, model.topk_candidates)
            index = index[torch.where(scores[index] > model.score_thresh)[0]]
            anchor = torch.div(index, classes, rounding_mode="floor")
            boxes = model.box_coder.decode(distances[i][anchor], of_level[anchor])
            found.append((clip_boxes_to_image(boxes, shape), scores[index], index % classes))
        boxes, scores, labels = (torch.cat(part) for part in zip(*found))
        detections.append(_left(model, boxes, scores, labels))
    return detections


def detections_of_default_boxes(
    model: Any,
    head_outputs: dict[str, Tensor],
    anchors: list[Tensor],
    image_shapes: list[Size],
) -> list[dict[str, Tensor]]:
    """`SSD.postprocess_detections`: logits [N, A, C] and deltas [N, A, 4], and default boxes [A, 4]
    of each image, to the detections of each image.

    The best of each class are chosen before the threshold is applied, all classes at once.
    """
    probabilities = head_outputs["cls_logits"].softmax(-1)
    detections = []
    for i, shape in enumerate(image_shapes):
        boxes = model.box_coder.decode_single(head_outputs["bbox_regression"][i], anchors[i])
        boxes = clip_boxes_to_image(boxes, shape)
        foreground = probabilities[i, :, 1:]
        count = min(model.topk_candidates, foreground.shape[0])
        scores, chosen = foreground.topk(count, dim=0)  # [count, C - 1]
        rank, of_class = torch.where(scores > model.score_thresh)
        kept = boxes[chosen[rank, of_class]]
        detections.append(_left(model, kept, scores[rank, of_class], of_class + 1))
    return detections


def _left(model: Any, boxes: Tensor, scores: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """What non-maximum suppression leaves, the best of it."""
    keep = suppress(boxes, scores, labels, model.nms_thresh)[: model.detections_per_img]
    return {"boxes": boxes[keep], "scores": scores[keep], "labels": labels[keep]}
