"""SSDlite: SSD with depthwise separable convolutions in its heads (Sandler et al., "MobileNetV2:
Inverted Residuals and Linear Bottlenecks", 2018, section 6.2), here on a MobileNetV3 of half its
width, with its reduced tail."""

from __future__ import annotations

from torch import nn
from torchvision.models import mobilenet_v3_large
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.ssdlite import SSDLiteFeatureExtractorMobileNet, SSDLiteHead
from torchvision.models.mobilenetv3 import InvertedResidual
from torchvision.ops.misc import FrozenBatchNorm2d

from .calibration import Choice, calibrate

CLASSES = 4  # with the background, which is class 0
SIDE = 256
WIDTH = 0.5
CHANNELS = (336, 240, 256)  # of the maps of 1/16, 1/32 and 1/64 of the side
C4 = 13  # MobileNetV3's block of stride 2 whose expanded input is the first map
CHOICE = Choice(seed=38, bias=-5.3, contrast=3.0)
SCORE_THRESHOLD = 0.3
SCALES = (0.2, 0.8)  # of the smallest and the largest default boxes, in sides


def build() -> nn.Module:
    with CHOICE.random_weights():
        boxes = DefaultBoxGenerator([[2]] * len(CHANNELS), *SCALES)
        anchors = boxes.num_anchors_per_location()
        model = SSD(
            _features(),
            boxes,
            (SIDE, SIDE),
            num_classes=CLASSES,
            head=SSDLiteHead(list(CHANNELS), anchors, CLASSES, FrozenBatchNorm2d),
            score_thresh=SCORE_THRESHOLD,
            nms_thresh=0.2,
            detections_per_img=40,
        )
    return calibrate(
        model,
        CHOICE,
        {},
        *(f"head.classification_head.module_list.{level}.1" for level in range(len(CHANNELS))),
        foreground=slice(1, None),
        classes=CLASSES,
    )


def _features() -> nn.Module:
    body = mobilenet_v3_large(
        weights=None, width_mult=WIDTH, reduced_tail=True, norm_layer=FrozenBatchNorm2d
    )
    for block in body.features:
        if isinstance(block, InvertedResidual) and block.use_res_connect:
            # As in a trained network; at full strength rounding noise grows ten times as far.
            nn.init.constant_(block.block[-1][1].weight, 0.2)
    features = SSDLiteFeatureExtractorMobileNet(body.features, C4, FrozenBatchNorm2d, WIDTH)
    features.extra = features.extra[: len(CHANNELS) - 2]  # the maps after it have a few cells
    return features
