"""Choosing boxes, without a question that only their number could answer.

How many boxes are left after a threshold or non-maximum suppression is known when the model runs,
not when it is captured: `if boxes.numel() == 0`, `len(boxes)` or `min(k, len(boxes))` stop
torch.export. These functions take the place of methods of torchvision's RegionProposalNetwork,
RoIHeads and BoxCoder, for inference, and answer the same; those of RetinaNet, FCOS and SSD are in
`one_stage`. Equal scores may be ordered otherwise.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision.ops import nms
from torchvision.ops.boxes import clip_boxes_to_image

from .regions import Size


def best(scores: Tensor, count: int) -> Tensor:
    """The indices of the `count` highest of `scores` [N], or of all, by descending score."""
    return scores.topk(torch.sym_min(count, scores.shape[0])).indices


#: Two boxes that overlap with none, scored below all.
APART = ((-2.0, -2.0, -1.0, -1.0), (-4.0, -4.0, -3.0, -3.0))
BELOW = -1.0


def suppress(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> Tensor:
    """Non-maximum suppression group by group: the indices that are left, by descending score.

    As `torchvision.ops.batched_nms` does it for few boxes: each group is moved to where no other
    is; coordinates and scores are not negative. torchvision tells torch.export of its `nms` that
    at least two boxes are left, and a program would refuse pictures with fewer: so two are added,
    which come out last. Of the corners there is a maximum then, too.
    """
    apart = boxes.new_tensor(APART)
    extent = torch.cat([boxes, apart]).max().clamp(min=0) + 1
    moved = boxes + (groups.to(boxes) * extent)[:, None]
    below = scores.new_full((len(APART),), BELOW)
    found = nms(torch.cat([moved, apart]), torch.cat([scores, below]), threshold)
    return found[: -len(APART)]


def are_large(boxes: Tensor, least: float) -> Tensor:
    """Which of `boxes` [N, 4] have no side shorter than `least`."""
    return (boxes[:, 2:] - boxes[:, :2] >= least).all(1)


def decode(coder: Any, deltas: Tensor, boxes: list[Tensor]) -> Tensor:
    """`BoxCoder.decode`: deltas [R, 4 * K] and boxes of R rows in all -> boxes [R, K, 4]."""
    moved = coder.decode_single(deltas, torch.cat(boxes))
    return moved.reshape(-1, deltas.shape[1] // 4, 4)


def filter_proposals(
    rpn: Any,
    proposals: Tensor,
    objectness: Tensor,
    image_shapes: list[Size],
    num_anchors_per_level: list[int],
) -> tuple[list[Tensor], list[Tensor]]:
    """`RegionProposalNetwork.filter_proposals`: boxes [N, A, 4] and their logits, N * A of them, to
    boxes [P, 4] and scores [P] of each image."""
    logits = objectness.detach().reshape(len(image_shapes), -1)
    found = []
    for i, shape in enumerate(image_shapes):
        chosen, levels, offset = [], [], 0
        for level, of_level in enumerate(logits[i].split(num_anchors_per_level)):
            index = best(of_level, rpn.pre_nms_top_n())
            chosen.append(index + offset)
            levels.append(torch.full_like(index, level))
            offset += num_anchors_per_level[level]
        index, level_of = torch.cat(chosen), torch.cat(levels)
        boxes = clip_boxes_to_image(proposals[i][index], shape)
        scores = logits[i][index].sigmoid()
        keep = torch.where(are_large(boxes, rpn.min_size) & (scores >= rpn.score_thresh))[0]
        boxes, scores, level_of = boxes[keep], scores[keep], level_of[keep]
        keep = suppress(boxes, scores, level_of, rpn.nms_thresh)[: rpn.post_nms_top_n()]
        found.append((boxes[keep], scores[keep]))
    boxes_of_images, scores_of_images = zip(*found)
    return list(boxes_of_images), list(scores_of_images)


def detections_of_regions(
    heads: Any,
    class_logits: Tensor,
    box_regression: Tensor,
    proposals: list[Tensor],
    image_shapes: list[Size],
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """`RoIHeads.postprocess_detections`: logits [R, C] and deltas [R, 4 * C] of the proposals of
    all images to boxes [K, 4], scores [K] and labels [K] of each image."""
    counts = [of_image.shape[0] for of_image in proposals]
    foreground = class_logits.shape[1] - 1
    moved = decode(heads.box_coder, box_regression, proposals)[:, 1:].split(counts)
    probabilities = class_logits.softmax(-1)[:, 1:].split(counts)
    found = []
    for of_image, of_classes, shape in zip(moved, probabilities, image_shapes):
        boxes = clip_boxes_to_image(of_image.reshape(-1, 4), shape)
        scores = of_classes.reshape(-1)
        keep = torch.where((scores > heads.score_thresh) & are_large(boxes, 1e-2))[0]
        boxes, scores, labels = boxes[keep], scores[keep], keep % foreground + 1
        keep = suppress(boxes, scores, labels, heads.nms_thresh)[: heads.detections_per_img]
        found.append((boxes[keep], scores[keep], labels[keep]))
    found_boxes, found_scores, found_labels = zip(*found)
    return list(found_boxes), list(found_scores), list(found_labels)
