"""PointRend R-CNN: Mask R-CNN whose masks are refined where they are uncertain.

After Kirillov, Wu, He and Girshick, "PointRend: Image Segmentation as Rendering" (CVPR 2020),
sections 3 and 4. A coarse head predicts 7 x 7 masks. Then, five times, a mask is enlarged twofold,
bilinearly, and the 28 x 28 points whose logit is nearest to 0 are predicted anew, from features of
the finest level at that point and the coarse prediction there: 224 x 224 in the end. So of the
14 x 14 grid none is predicted, as the one after it will be whole.

Which of two nearly equal points is the last one that is predicted anew is a matter of rounding, so
its masks are compared by their overlap.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.roi_heads import RoIHeads

from . import rcnn
from .backbones import is_slim
from .calibration import Choice, calibrate

CLASSES = 5  # with the background
CHOICES = {"resnet10": Choice(seed=0, bias=0.2, contrast=4.0)}
COARSE, GRID = 7, 14
POINTS, STEPS = 28 * 28, 5
#: Of the finest level of the pyramid, to the canvas that holds the images of a batch.
STRIDE = 4


def sample(features: Tensor, points: Tensor) -> Tensor:
    """Values of `features` [N, C, H, W] at `points` [N, P, 2], (x, y) in 0..1 of its width and
    height: [N, C, P], by bilinear interpolation between the centres of its cells."""
    grid = 2 * points[:, :, None] - 1
    return functional.grid_sample(features, grid, align_corners=False)[..., 0]


def grid_points(rows: int, columns: int, like: Tensor) -> Tensor:
    """The centres of a grid's cells, row by row: [rows * columns, 2], (x, y) in 0..1."""
    y = (torch.arange(rows, dtype=like.dtype, device=like.device) + 0.5) / rows
    x = (torch.arange(columns, dtype=like.dtype, device=like.device) + 0.5) / columns
    return torch.stack([x.repeat(rows), y[:, None].repeat(1, columns).flatten()], dim=1)


def in_image(points: Tensor, boxes: Tensor, size: Tensor) -> Tensor:
    """`points` [N, P, 2], 0..1 of `boxes` [N, 4], as 0..1 of an image of `size` (x, y)."""
    corner, extent = boxes[:, None, :2], boxes[:, None, 2:] - boxes[:, None, :2]
    return (corner + points * extent) / size


class CoarseHead(nn.Module):
    """Features [N, C, 14, 14] -> logits [N, classes, 7, 7]."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels, kernel_size=2, stride=2)
        self.hidden_0 = nn.Linear(channels * COARSE**2, width)
        self.hidden_1 = nn.Linear(width, width)
        self.predict = nn.Linear(width, CLASSES * COARSE**2)
        self.classes, self.cells = CLASSES, COARSE

    def forward(self, pooled: Tensor) -> Tensor:
        x = self.reduce(pooled).relu().flatten(1)
        x = self.hidden_1(self.hidden_0(x).relu()).relu()
        return self.predict(x).reshape(-1, self.classes, self.cells, self.cells)


class PointHead(nn.Module):
    """Fine features [N, C, P] and coarse logits [N, classes, P] -> logits [N, classes, P].

    A perceptron that is shared by all points; it gets the coarse logits at every layer.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        widths = (channels, width, width)
        self.hidden = nn.ModuleList(nn.Conv1d(each + CLASSES, width, 1) for each in widths)
        self.predict = nn.Conv1d(width + CLASSES, CLASSES, 1)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        x = torch.cat([fine, coarse], dim=1)
        for layer in self.hidden:
            x = torch.cat([layer(x).relu(), coarse], dim=1)
        return self.predict(x)


class PointRendRoIHeads(RoIHeads):
    """torchvision's RoI heads with PointRend's mask heads."""

    def __init__(self, coarse_head: CoarseHead, point_head: PointHead, **others: Any) -> None:
        super().__init__(**others)
        self.coarse_head, self.point_head = coarse_head, point_head
        self.grid, self.points, self.steps, self.stride = GRID, POINTS, STEPS, STRIDE

    def forward(
        self,
        features: Dict[str, Tensor],
        proposals: List[Tensor],
        image_shapes: List[Tuple[int, int]],
        targets: Optional[List[Dict[str, Tensor]]] = None,
    ) -> Tuple[List[Dict[str, Tensor]], Dict[str, Tensor]]:
        pooled = self.box_head(self.box_roi_pool(features, proposals, image_shapes))
        logits, deltas = self.box_predictor(pooled)
        boxes, scores, labels = self.postprocess_detections(logits, deltas, proposals, image_shapes)
        detections: List[Dict[str, Tensor]] = []
        for i in range(len(boxes)):
            masks = self.masks(features["0"][i : i + 1], boxes[i], labels[i])
            detections.append(
                {"boxes": boxes[i], "labels": labels[i], "scores": scores[i], "masks": masks}
            )
        return detections, {}

    def masks(self, finest: Tensor, boxes: Tensor, labels: Tensor) -> Tensor:
        """Probabilities [N, 1, 224, 224] for `boxes` [N, 4] of `labels` [N] in an image with the
        features `finest` [1, C, H, W]."""
        # A trace keeps a shape as it depends on the input, and len() and lists as the number seen.
        count = boxes.shape[0]
        width, height = torch.tensor(finest.shape[3]), torch.tensor(finest.shape[2])
        canvas = self.stride * torch.stack([width, height]).to(boxes)
        regular = grid_points(self.grid, self.grid, boxes)[None].repeat(count, 1, 1)
        pooled = self.fine(finest, in_image(regular, boxes, canvas)).unflatten(
            2, (self.grid, self.grid)
        )
        coarse = self.coarse_head(pooled)
        chosen = torch.arange(count, device=boxes.device)
        logits = coarse[chosen, labels][:, None]
        for step in range(self.steps):
            logits = functional.interpolate(
                logits, scale_factor=2.0, mode="bilinear", align_corners=False
            )
            cells = logits.shape[2] * logits.shape[3]
            if 4 * cells <= self.points and step < self.steps - 1:
                continue
            centres = grid_points(logits.shape[2], logits.shape[3], boxes)
            uncertain = (-logits.flatten(1).abs()).topk(min(self.points, cells), dim=1)[1]
            points = centres[uncertain]
            fine = self.fine(finest, in_image(points, boxes, canvas))
            found = self.point_head(fine, sample(coarse, points))[chosen, labels]
            logits = logits.flatten(1).scatter(1, uncertain, found).reshape(logits.shape)
        return logits.sigmoid()

    def fine(self, finest: Tensor, points: Tensor) -> Tensor:
        """The features at `points` [N, P, 2] of the one image: [N, C, P]."""
        found = sample(finest, points.flatten(0, 1)[None])[0]
        shape = finest.shape[1], points.shape[0], points.shape[1]
        return found.reshape(shape).transpose(0, 1)


def build(backbone: str) -> nn.Module:
    width, hidden = (64, 128) if is_slim(backbone) else (256, 1024)
    choice = CHOICES[backbone]
    with choice.random_weights():
        parts = rcnn.parts(backbone, CLASSES, most=22)
        channels = parts["backbone"].out_channels
        model = FasterRCNN(**parts)
        heads = model.roi_heads
        model.roi_heads = PointRendRoIHeads(
            CoarseHead(channels, hidden),
            PointHead(channels, width),
            box_head=heads.box_head,
            box_predictor=heads.box_predictor,
            **rcnn.settings(heads),
        )
    return calibrate(
        model,
        choice,
        {**rcnn.SPREADS, "roi_heads.coarse_head.predict": 2.0, "roi_heads.point_head.predict": 2.0},
        "roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
    )
