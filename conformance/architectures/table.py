"""The models of the conformance suite: detectors, a plain classifier and a segmenter.

This table is read by pytest and imports no torch. A worker that builds a model does not read it.

About the sizes. A detector resizes an image to its own minimum side, 144 pixels (192 in the full
profile), and rounds down; in TorchScript it does so with a factor that went through float32. Where
144 / side is not exact, as at 197 x 261, the two differ by a whole pixel, and with it
all that is found: cells of dynamic resolution show it. At the exported sizes both agree.
SSD and SSDlite resize every image to one square.
No side is a multiple of 28: a mask over the whole side would be enlarged by 30/28 to an exact
integer, at which rounding noise decides on which side of it the cut is made.
"""

from typing import Any, Optional

from pytest_export_matrix import Architecture, Detections, OutputKind, Panoptic

SIZES = ((192, 256), (240, 192))
OTHER_SIZES = ((144, 192), (300, 400), (128, 256), (197, 261))
SCORE_THRESHOLD = 0.3
#: What prepares torchvision's detectors for torch.export, and where the others' functions are.
OF_TORCHVISION = "pytest_export_matrix.preparations.torch_export:prepare"
PREPARATIONS = "conformance.preparations"
PROFILES = {"slim": {"backbone": "resnet10"}, "full": {"backbone": "resnet50"}}


def _detector(
    name: str,
    *,
    spot: int,
    crowd: int,
    large: Optional[int] = None,
    module: str = "",
    outputs: Optional[OutputKind] = None,
    prepared_by: str = OF_TORCHVISION,
    **others: Any,
) -> Architecture:
    """`spot` and `crowd` are seeds of pictures in which the slim model finds one thing, and more
    than it may answer; `large` is that of a picture with something large, where the others say
    nothing about the coarsest level of the pyramid (see --export-matrix-sees); `prepared_by` is
    what prepares it for torch.export."""
    others = others or {"profiles": PROFILES}
    adversarial = {"nothing": 3, "a spot": spot, "a crowd": crowd}
    if large is not None:
        adversarial["something large"] = large
    return Architecture(
        name,
        build=f"conformance.architectures.{module or name}:build",
        inputs="pytest_export_matrix.samples:image_list",
        outputs=outputs or Detections(SCORE_THRESHOLD),
        adversarial=adversarial,
        layout="[CHW]",
        sizes=SIZES,
        other_sizes=OTHER_SIZES,
        preparations={"torch_export": prepared_by},
        **others,
    )


DETECTORS = (
    _detector("faster_rcnn", spot=137, crowd=36),
    _detector("mask_rcnn", spot=163, crowd=142, large=158),
    _detector("keypoint_rcnn", spot=43, crowd=26),
    _detector("retinanet", spot=15, crowd=768),
)
# The detectors that follow are slim in every profile: nobody has looked for choices of large ones.
SLIM = {"backbone": "resnet10"}
CASCADES = tuple(
    _detector(
        name,
        spot=spot,
        crowd=crowd,
        large=large,
        module="cascade_rcnn",
        prepared_by=f"{PREPARATIONS}.cascade:prepare_cascade_rcnn",
        keywords={**SLIM, "masks": masks},
    )
    for name, spot, crowd, large, masks in (
        ("cascade_rcnn", 239, 138, 213, False),
        ("cascade_mask_rcnn", 337, 156, None, True),
    )
)
#: Rounding decides which of two nearly equal points of a mask is the last one to be refined.
POINTREND = _detector(
    "pointrend_rcnn",
    spot=659,
    crowd=16,
    outputs=Detections(SCORE_THRESHOLD, mask_iou=0.998),
    prepared_by=f"{PREPARATIONS}.pointrend:prepare_pointrend_rcnn",
    keywords=SLIM,
)
PANOPTIC = _detector(
    "panoptic_fpn",
    spot=631,
    crowd=32,
    outputs=Panoptic(SCORE_THRESHOLD),
    prepared_by=f"{PREPARATIONS}.panoptic:prepare_panoptic_fpn",
    keywords=SLIM,
)
ONE_STAGE = (
    _detector("fcos", spot=27, crowd=380, keywords={}),
    _detector("ssd", spot=37, crowd=12, keywords={}),
    _detector("ssdlite", spot=65, crowd=152, keywords={}),
)
CLASSIFIER, SEGMENTER = (
    Architecture(
        name,
        build=f"conformance.architectures.{name}:build",
        sizes=SIZES[:1],
        other_sizes=OTHER_SIZES,
        profiles=PROFILES,
    )
    for name in ("classifier", "segmenter")
)
#: Whole multiples of the coarsest level's stride, as the transform of a detector makes them.
PARTS = tuple(
    Architecture(
        f"{name}_parts",
        build="conformance.architectures.parts:build",
        sizes=((192, 256),),
        other_sizes=((128, 192), (256, 384)),
        keywords={"name": name, **keywords},
    )
    for name, keywords in (
        ("faster_rcnn", SLIM),
        ("retinanet", SLIM),
        ("fcos", {}),
        ("ssdlite", {}),
    )
)
SLIM_ALONE = (*CASCADES, POINTREND, PANOPTIC, *ONE_STAGE)
ARCHITECTURES = (*DETECTORS, *SLIM_ALONE, CLASSIFIER, SEGMENTER)
