"""Panoptic FPN: Mask R-CNN, a semantic branch on the same pyramid, and both merged to one map.

After Kirillov, Girshick, He and Dollar, "Panoptic Feature Pyramid Networks" (CVPR 2019). Section 3:
each level of the pyramid is brought to the finest one by stages of 3 x 3 convolution, group
normalisation, ReLU and bilinear enlargement to twice the size; their sum is classified by a 1 x 1
convolution, enlarged fourfold, and a softmax over the classes of stuff and one for "other", which
is what belongs to things. The two are merged by the rules of section 3.1, and of Kirillov, He,
Girshick, Rother and Dollar, "Panoptic Segmentation" (CVPR 2019), section 6.
"""

from __future__ import annotations

from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import MaskRCNN

from . import rcnn
from .calibration import Choice, calibrate

CLASSES = 5  # of things, with the background
STUFF = 5  # with "other", which is class 0
CHOICES = {"resnet10": Choice(seed=22, bias=0.6, contrast=4.0)}

#: Of the merge. An instance needs this score, and this share of its mask not taken by better ones.
SCORE, FREE = 0.5, 0.5
#: Pixels that a segment of stuff needs.
AREA = 1800


class SemanticHead(nn.Module):
    """Levels [N, C, H / 2^l, W / 2^l], l from 0, of the pyramid -> logits [N, STUFF, H, W]."""

    def __init__(self, levels: int, channels: int, width: int, groups: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*_stages(level, channels, width, groups)) for level in range(levels)
        )
        self.predict = nn.Conv2d(width, STUFF, kernel_size=1)

    def forward(self, features: Dict[str, Tensor]) -> Tensor:
        total = torch.zeros(1, device=features["0"].device)
        for level, branch in enumerate(self.branches):
            total = total + branch(features[str(level)])
        return self.predict(total)


def _stages(level: int, channels: int, width: int, groups: int) -> List[nn.Module]:
    """One stage for each doubling; the finest level has one, which enlarges nothing."""
    layers: List[nn.Module] = []
    for stage in range(max(level, 1)):
        before = width if stage else channels
        layers += [
            nn.Conv2d(before, width, kernel_size=3, padding=1, bias=False),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
        ]
        if level:
            layers.append(nn.Upsample(scale_factor=2.0, mode="bilinear", align_corners=False))
    return layers


@torch.jit.script_if_tracing
def merge(
    masks: Tensor,
    labels: Tensor,
    scores: Tensor,
    semantic: Tensor,
    things: int,
    score: float,
    free: float,
    area: int,
) -> Tuple[Tensor, Tensor]:
    """The panoptic map of one image, int64 [H, W], and the class of each segment, int64 [S].

    Pixels hold the number of their segment, from 1; 0 is void. Classes are the labels of things,
    up to `things`, then those of stuff. The instances (`masks` [N, 1, H, W], binary at one half)
    come first, by falling score: one that has less than `score` is left out, and one of whose mask
    less than the share `free` is left by those before it. Then come the classes of stuff, each
    where it is the most probable one in `semantic` [classes, H, W] and no instance is, if that is
    at least `area` pixels.

    What is decided for an instance depends on all before it, hence the loop; a trace would hold as
    many turns of it as the example had instances, so there it is compiled.
    """
    panoptic = torch.zeros_like(semantic[0], dtype=torch.int64)
    # Counted apart: torch.onnx takes classes.shape[0], which grows in the loop, for a constant.
    classes, number = labels[:0], 0
    order = torch.argsort(scores, descending=True)
    masks, labels, scores = masks[order], labels[order], scores[order]
    for i in range(masks.shape[0]):
        mask = masks[i, 0] > 0.5
        segment = mask & (panoptic == 0)
        enough = segment.any() & (segment.sum() >= free * mask.sum())
        if bool(enough & (scores[i] >= score)):
            classes, number = torch.cat([classes, labels[i : i + 1]]), number + 1
            panoptic = torch.where(segment, number, panoptic)
    best = semantic.argmax(0)
    for stuff in range(1, semantic.shape[0]):
        segment = (best == stuff) & (panoptic == 0)
        if bool(segment.sum() >= area):
            added = torch.full([1], things + stuff, dtype=labels.dtype, device=labels.device)
            classes, number = torch.cat([classes, added]), number + 1
            panoptic = torch.where(segment, number, panoptic)
    return panoptic, classes


class PanopticFPN(nn.Module):
    """Images -> for each the detections of Mask R-CNN, and with them

    semantic: probabilities of "other" and of each class of stuff, [STUFF, H, W];
    panoptic, segment_classes: as `merge` has them.
    """

    def __init__(self, detector: MaskRCNN, semantic_head: SemanticHead) -> None:
        super().__init__()
        self.transform, self.backbone = detector.transform, detector.backbone
        self.rpn, self.roi_heads = detector.rpn, detector.roi_heads
        self.semantic_head = semantic_head
        self.things, self.score, self.free, self.area = CLASSES - 1, SCORE, FREE, AREA

    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        sizes: List[Tuple[int, int]] = []
        for image in images:
            sizes.append((image.shape[1], image.shape[2]))
        batch, _ = self.transform(images)
        features = self.backbone(batch.tensors)
        proposals, _ = self.rpn(batch, features)
        detections, _ = self.roi_heads(features, proposals, batch.image_sizes)
        detections = self.transform.postprocess(detections, batch.image_sizes, sizes)
        logits = self.semantic_head(features)
        logits = functional.interpolate(
            logits, scale_factor=4.0, mode="bilinear", align_corners=False
        )
        for i in range(len(sizes)):
            found, (height, width) = detections[i], batch.image_sizes[i]
            found["semantic"] = functional.interpolate(
                logits[i : i + 1, :, :height, :width],
                size=sizes[i],
                mode="bilinear",
                align_corners=False,
            )[0].softmax(0)
            found["panoptic"], found["segment_classes"] = self.merged(
                found["masks"], found["labels"], found["scores"], found["semantic"]
            )
        return detections

    def merged(
        self, masks: Tensor, labels: Tensor, scores: Tensor, semantic: Tensor
    ) -> Tuple[Tensor, Tensor]:
        return merge(masks, labels, scores, semantic, self.things, self.score, self.free, self.area)


def build(backbone: str) -> nn.Module:
    choice = CHOICES[backbone]
    with choice.random_weights():
        parts = rcnn.parts(backbone, CLASSES, most=24)
        channels = parts["backbone"].out_channels
        detector = MaskRCNN(**parts, **rcnn.mask_parts(backbone, channels, CLASSES))
        model = PanopticFPN(detector, SemanticHead(4, channels, width=32, groups=8))
    return calibrate(
        model,
        choice,
        {
            **rcnn.SPREADS,
            "roi_heads.mask_predictor.mask_fcn_logits": 2.0,
            "semantic_head.predict": 2.0,
        },
        "roi_heads.box_predictor.cls_score",
        foreground=slice(1, None),
    )
