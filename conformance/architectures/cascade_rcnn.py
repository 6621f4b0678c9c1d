"""Cascade R-CNN: boxes, labels and scores, each box refined three times; with or without masks.

After Cai and Vasconcelos, "Cascade R-CNN: Delving into High Quality Object Detection" (CVPR 2018),
section 4.2. A stage t has a head and a predictor of its own:

    scores_t, deltas_t = predictor_t(head_t(RoIAlign(features, boxes_{t-1})))     boxes_0: proposals
    boxes_t = clip(decode_t(deltas_t, boxes_{t-1}))

Regression is class-agnostic: four deltas a box, which stage t divides by (10, 10, 5, 5), (20, 20,
10, 10) or (30, 30, 15, 15). A box is where the last stage puts it, and its probabilities are the
mean of those of the three stages. Masks are those of Mask R-CNN, of the last boxes.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads, maskrcnn_inference
from torchvision.ops.boxes import clip_boxes_to_image

from . import rcnn
from .calibration import Choice, calibrate

CLASSES = 5  # with the background
CHOICES = {
    ("resnet10", False): Choice(seed=0, bias=0.2, contrast=3.0),
    ("resnet10", True): Choice(seed=0, bias=0.6, contrast=3.0),
}
WEIGHTS = ((10.0, 10.0, 5.0, 5.0), (20.0, 20.0, 10.0, 10.0), (30.0, 30.0, 15.0, 15.0))


class Stage(nn.Module):
    """One stage: pooled features [R, C, S, S] -> logits [R, classes], deltas [R, 4]."""

    def __init__(self, channels: int, width: int, weights: Tuple[float, ...]) -> None:
        super().__init__()
        self.head = TwoMLPHead(channels, width)
        self.cls_score = nn.Linear(width, CLASSES)
        self.bbox_pred = nn.Linear(width, 4)
        self.coder = BoxCoder(weights)

    def forward(self, pooled: Tensor) -> Tuple[Tensor, Tensor]:
        features = self.head(pooled)
        return self.cls_score(features), self.bbox_pred(features)

    def refine(
        self, deltas: Tensor, boxes: List[Tensor], sizes: List[Tuple[int, int]]
    ) -> List[Tensor]:
        """The boxes of each image, moved by `deltas` and clipped to the image."""
        moved = self.coder.decode(deltas, boxes).reshape(-1, 4)
        counts = [len(of_image) for of_image in boxes]
        of_images = moved.split(counts)
        return [clip_boxes_to_image(each, size) for each, size in zip(of_images, sizes)]


class CascadeRoIHeads(RoIHeads):
    """torchvision's RoI heads with several box stages in the place of one.

    What is done with the last boxes and the mean of the probabilities (threshold, non-maximum
    suppression by class, the best ones) is torchvision's: it takes logits, and the softmax of the
    logarithm of probabilities gives them back.
    """

    def __init__(self, stages: List[Stage], **others: Any) -> None:
        predictor = FastRCNNPredictor(1, CLASSES)  # RoIHeads wants one; it is not used
        super().__init__(box_head=nn.Identity(), box_predictor=predictor, **others)
        del self.box_head, self.box_predictor
        self.stages = nn.ModuleList(stages)
        self.box_coder = stages[-1].coder

    def forward(
        self,
        features: Dict[str, Tensor],
        proposals: List[Tensor],
        image_shapes: List[Tuple[int, int]],
        targets: Optional[List[Dict[str, Tensor]]] = None,
    ) -> Tuple[List[Dict[str, Tensor]], Dict[str, Tensor]]:
        probabilities: List[Tensor] = []
        boxes = refined = proposals
        deltas = proposals[0]
        for stage in self.stages:
            boxes = refined
            logits, deltas = stage(self.box_roi_pool(features, boxes, image_shapes))
            probabilities.append(logits.softmax(-1))
            refined = stage.refine(deltas, boxes, image_shapes)
        mean = torch.stack(probabilities).mean(0)
        found, scores, labels = self.postprocess_detections(
            mean.log(), deltas.repeat(1, mean.shape[1]), boxes, image_shapes
        )
        detections: List[Dict[str, Tensor]] = []
        for i in range(len(found)):
            detections.append({"boxes": found[i], "labels": labels[i], "scores": scores[i]})
        if self.mask_roi_pool is not None:  # has_mask() tells a compiler nothing
            pooled = self.mask_roi_pool(features, found, image_shapes)
            masks = maskrcnn_inference(self.mask_predictor(self.mask_head(pooled)), labels)
            for i in range(len(found)):
                detections[i]["masks"] = masks[i]
        return detections, {}


def build(backbone: str, masks: bool = False) -> nn.Module:
    choice = CHOICES[backbone, masks]
    with choice.random_weights():
        parts = rcnn.parts(backbone, CLASSES, most=20)
        channels = parts["backbone"].out_channels
        box_width = parts["box_head"].fc6.out_features
        model = FasterRCNN(**parts)
        mask_parts = rcnn.mask_parts(backbone, channels, CLASSES) if masks else {}
        model.roi_heads = CascadeRoIHeads(
            [Stage(channels * 7**2, box_width, weights) for weights in WEIGHTS],
            **rcnn.settings(model.roi_heads),
            **mask_parts,
        )
    stages = [f"roi_heads.stages.{i}" for i in range(len(WEIGHTS))]
    return calibrate(
        model,
        choice,
        {
            **rcnn.SPREADS,
            **{f"{stage}.bbox_pred": 1.0 for stage in stages},
            "roi_heads.mask_predictor.mask_fcn_logits": 2.0,
        },
        *(f"{stage}.cls_score" for stage in stages),
        foreground=slice(1, None),
    )
