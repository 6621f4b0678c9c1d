"""The detectors of the conformance suite. This file is read by pytest and imports no torch.

About the sizes. A detector resizes an image to its own shortest side, 144 pixels (192 in the full
profile), and rounds down; in TorchScript it does so by a factor that went through float32. Where
144 / side is not exact the two may differ by a whole pixel, and so do the boxes: a finding about
torchvision at those sizes, not about an export method. At the sizes below both agree.
Nor is a side a multiple of 28: a mask over the whole side would be enlarged by 30/28 to an exact
integer, and rounding noise would decide at which pixel it is cut.
"""

from pytest_export_matrix import Architecture, Detections

SIZES = ((192, 256), (240, 192))
OTHER_SIZES = ((144, 192), (288, 384), (128, 256), (207, 271))
PROFILES = {"slim": {"backbone": "resnet10"}, "full": {"backbone": "resnet50"}}


def _architecture(name: str) -> Architecture:
    return Architecture(
        name,
        build=f"conformance.architectures.{name}:build",
        inputs="pytest_export_matrix.samples:image_list",
        outputs=Detections(score_threshold=0.3),
        layout="[CHW]",
        sizes=SIZES,
        other_sizes=OTHER_SIZES,
        profiles=PROFILES,
    )


ARCHITECTURES = tuple(
    _architecture(name) for name in ("faster_rcnn", "mask_rcnn", "keypoint_rcnn", "retinanet")
)
