"""RetinaNet: boxes, labels and scores from one stage."""

from __future__ import annotations

from torch import nn
from torchvision.models.detection import RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.retinanet import RetinaNetHead

from .backbones import is_slim, pyramid
from .calibration import Choice, calibrate

CLASSES = 3  # each has its own sigmoid: there is no background class
CHOICES = {
    "resnet10": Choice(seed=123, bias=-4.7, contrast=2.0),
    "resnet50": Choice(seed=4, bias=-4.5, contrast=2.0),
}
#: The standard deviations of P6 and P7. At 1 a level of a few cells never answers anything, and a
#: fault in it is never seen.
COARSE_LEVELS = {"resnet10": (2.0, 4.0), "resnet50": (1.0, 1.0)}
SCORE_THRESHOLD = 0.3


def build(backbone: str) -> nn.Module:
    smallest = 48 if is_slim(backbone) else 96
    choice = CHOICES[backbone]
    with choice.random_weights():
        features = pyramid(backbone, stages=(2, 3, 4), p6p7=True)
        anchors = AnchorGenerator(
            sizes=tuple(
                tuple(int(smallest * 2 ** (level + third / 3)) for third in range(3))
                for level in range(5)
            ),
            aspect_ratios=((0.5, 1.0, 2.0),) * 5,
        )
        model = RetinaNet(
            features,
            num_classes=CLASSES,
            min_size=144 if is_slim(backbone) else 192,
            max_size=640,
            anchor_generator=anchors,
            head=RetinaNetHead(features.out_channels, 9, CLASSES),
            score_thresh=SCORE_THRESHOLD,
            nms_thresh=0.2,
            detections_per_img=100,
        )
    p6, p7 = COARSE_LEVELS[backbone]
    return calibrate(
        model,
        choice,
        {
            "head.classification_head.cls_logits": 1.0,
            "head.regression_head.bbox_reg": 0.2,
            "backbone.fpn.extra_blocks.p6": p6,
            "backbone.fpn.extra_blocks.p7": p7,
        },
        "head.classification_head.cls_logits",
        foreground=slice(None),
    )
