"""Choosing boxes, without a question that only their number could answer.

These functions take the place of methods of detectron2, for inference, and answer the same. Equal
scores may be ordered otherwise.
"""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import torch
from detectron2.structures import Boxes, Instances
from torch import Tensor
from torchvision.ops.boxes import clip_boxes_to_image

from pytest_export_matrix.addons.detectron2.torch_export.structures import (
    Size,
    are_large,
    boxes,
    counts,
    instances,
)
from pytest_export_matrix.preparations.torch_export.boxes import best, suppress


def anchors(generator: Any, features: List[Tensor]) -> List[Boxes]:
    """`DefaultAnchorGenerator.forward`: of feature maps [N, C, H, W] the anchors [H * W * A, 4]."""
    found = []
    for of_level, stride, cells in zip(features, generator.strides, generator.cell_anchors):
        y, x = (
            (torch.arange(side, device=cells.device, dtype=cells.dtype) + generator.offset) * stride
            for side in of_level.shape[-2:]
        )
        down, across = torch.meshgrid(y, x, indexing="ij")
        centres = torch.stack([across, down, across, down], dim=2)
        found.append(boxes((centres[:, :, None] + cells).reshape(-1, 4)))
    return found


def proposals(
    rpn: Any,
    anchors: List[Boxes],
    logits: List[Tensor],
    deltas: List[Tensor],
    image_sizes: List[Size],
) -> List[Instances]:
    """`RPN.predict_proposals`: anchors [A, 4], logits [N, A] and deltas [N, A, 4] of each level to
    the proposals of each image."""
    decoded = rpn._decode_proposals(anchors, deltas)
    most, kept = rpn.pre_nms_topk[rpn.training], rpn.post_nms_topk[rpn.training]
    found = []
    for i, size in enumerate(image_sizes):
        chosen, scores, levels = [], [], []
        for level, (of_level, its_logits) in enumerate(zip(decoded, logits)):
            index = best(its_logits[i], most)
            chosen.append(of_level[i][index])
            scores.append(its_logits[i][index])
            levels.append(torch.full_like(index, level))
        corners, score, level_of = torch.cat(chosen), torch.cat(scores), torch.cat(levels)
        within = clip_boxes_to_image(corners, size)
        keep = finite(corners, score[:, None]) & are_large(within, rpn.min_box_size)
        index = torch.where(keep)[0]
        within, score, level_of = within[index], score[index], level_of[index]
        # `suppress` takes no negative scores.
        least = torch.cat([score, score.new_zeros(1)]).min()
        index = suppress(within, score - least, level_of, rpn.nms_thresh)[:kept]
        fields = {"proposal_boxes": boxes(within[index]), "objectness_logits": score[index]}
        found.append(instances(size, **fields))
    return found


def detections(
    predictor: Any, predictions: Tuple[Tensor, Tensor], proposals: List[Instances]
) -> Tuple[List[Instances], List[Tensor]]:
    """`FastRCNNOutputLayers.inference`: logits [R, K + 1] and deltas [R, 4 * K] or [R, 4] of the
    proposals of all images to the detections of each."""
    logits, deltas = predictions
    scores = probabilities(predictor, logits, counts(proposals, "proposal_boxes"))
    moved = decoded(predictor, deltas, proposals)
    sizes = [each.image_size for each in proposals]
    return chosen(predictor, moved, scores, sizes)


def detections_of_stages(
    heads: Any, features: Dict[str, Tensor], proposals: List[Instances], targets: None = None
) -> List[Instances]:
    """`CascadeROIHeads._forward_box`: the boxes of the last stage, with the mean of the scores."""
    maps = [features[name] for name in heads.box_in_features]
    sizes, amounts = [each.image_size for each in proposals], counts(proposals, "proposal_boxes")
    stages: List[Sequence[Tensor]] = []
    moved: Sequence[Tensor] = ()
    for stage, predictor in enumerate(heads.box_predictor):
        if stage:
            proposals = [
                instances(size, proposal_boxes=boxes(clip_boxes_to_image(each, size)))
                for each, size in zip(moved, sizes)
            ]
        logits, deltas = heads._run_stage(maps, proposals, stage)
        stages.append(probabilities(predictor, logits, amounts))
        moved = decoded(predictor, deltas, proposals)
    scores = [sum(of_image) * (1.0 / len(stages)) for of_image in zip(*stages)]
    return chosen(predictor, moved, scores, sizes)[0]


def of_anchors(
    model: Any, anchors: List[Boxes], scores: List[Tensor], deltas: List[Tensor], size: Size
) -> Instances:
    """`RetinaNet.inference_single_image`: anchors [A, 4], scores [A, K] and deltas [A, 4] of each
    level to the detections of one image."""
    found = []
    for of_level, its_scores, its_deltas in zip(anchors, scores, deltas):
        classes = its_scores.shape[1]
        flat = its_scores.flatten()
        index = torch.where(flat > model.test_score_thresh)[0]
        order = flat[index].sort(descending=True).indices
        index = index[order[: model.test_topk_candidates]]
        anchor = torch.div(index, classes, rounding_mode="floor")
        moved = model.box2box_transform.apply_deltas(its_deltas[anchor], of_level.tensor[anchor])
        found.append((moved, flat[index], index % classes))
    corners, score, label = (torch.cat(part) for part in zip(*found))
    # Nothing was clipped, and `suppress` takes no negative corners.
    apart = corners - torch.cat([corners, corners.new_zeros(1, 4)]).min()
    index = suppress(apart, score, label, model.test_nms_thresh)[: model.max_detections_per_image]
    return instances(
        size, pred_boxes=boxes(corners[index]), scores=score[index], pred_classes=label[index]
    )


def decoded(predictor: Any, deltas: Tensor, proposals: List[Instances]) -> Sequence[Tensor]:
    """`FastRCNNOutputLayers.predict_boxes`: [R, 4 * K] or [R, 4] of each image."""
    corners = torch.cat([each.proposal_boxes.tensor for each in proposals])
    moved = predictor.box2box_transform.apply_deltas(deltas, corners)
    found: Sequence[Tensor] = moved.split(counts(proposals, "proposal_boxes"))
    return found


def probabilities(predictor: Any, logits: Tensor, amounts: List[int]) -> Sequence[Tensor]:
    """`FastRCNNOutputLayers.predict_probs`: [R, K + 1] of each image."""
    by_sigmoid = getattr(predictor, "use_sigmoid_ce", False)
    found: Sequence[Tensor] = (logits.sigmoid() if by_sigmoid else logits.softmax(-1)).split(
        amounts
    )
    return found


def chosen(
    predictor: Any, moved: Sequence[Tensor], scores: Sequence[Tensor], sizes: List[Size]
) -> Tuple[List[Instances], List[Tensor]]:
    """`fast_rcnn_inference`: the detections of each image, and the regions that they come from."""
    found, origins = [], []
    for of_image, its_scores, size in zip(moved, scores, sizes):
        classes = its_scores.shape[1] - 1
        valid = finite(of_image, its_scores)
        within = clip_boxes_to_image(of_image.reshape(of_image.shape[0], -1, 4), size)
        score = its_scores[:, :-1].masked_fill(~valid[:, None], -1.0).flatten()
        index = torch.where(score > predictor.test_score_thresh)[0]
        region, label = torch.div(index, classes, rounding_mode="floor"), index % classes
        box = within[region, label if within.shape[1] > 1 else 0]
        keep = suppress(box, score[index], label, predictor.test_nms_thresh)
        if predictor.test_topk_per_image >= 0:
            keep = keep[: predictor.test_topk_per_image]
        fields = {"pred_boxes": boxes(box[keep]), "scores": score[index][keep]}
        found.append(instances(size, **fields, pred_classes=label[keep]))
        origins.append(region[keep])
    return found, origins


def finite(*tensors: Tensor) -> Tensor:
    """Which rows of tensors [N, ...] hold finite numbers alone."""
    found = [torch.isfinite(each).all(1) for each in tensors]
    return torch.stack(found).all(0)
