"""detectron2's detectors for torch.export, with any height and width.

    from pytest_export_matrix.addons.detectron2.torch_export import prepare

    model = build_model(cfg).eval()
    prepare(model)

What `torch.export.export` takes then is a module around `model` that makes tensors of the answer,
as an `Instances` is no output of a program. The other files hold what is put into a model:
`images` and `answers` at its ends, `detecting`, `regions` and `points` between them; `structures`
makes the `Boxes` and `Instances` that pass from one to the next.

https://docs.pytorch.org/docs/stable/export.html
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, Mapping

from detectron2.layers import Conv2d, FrozenBatchNorm2d
from detectron2.modeling import GeneralizedRCNN, PanopticFPN, RetinaNet
from detectron2.modeling.anchor_generator import DefaultAnchorGenerator
from detectron2.modeling.poolers import ROIPooler
from detectron2.modeling.proposal_generator import RPN
from detectron2.modeling.roi_heads import CascadeROIHeads, FastRCNNOutputLayers
from detectron2.modeling.roi_heads.keypoint_head import BaseKeypointRCNNHead
from detectron2.modeling.roi_heads.mask_head import BaseMaskRCNNHead
from torch.nn import BatchNorm2d, GroupNorm

from pytest_export_matrix.addons.detectron2.torch_export import (
    answers,
    detecting,
    images,
    regions,
)
from pytest_export_matrix.preparations.torch_export.binding import bind
from pytest_export_matrix.preparations.torch_export.regions import normalise

#: By the class of a module: what takes the place of its methods.
Methods = Mapping[type, Mapping[str, Callable[..., Any]]]
METHODS: Methods = {
    DefaultAnchorGenerator: {"forward": detecting.anchors},
    RPN: {"predict_proposals": detecting.proposals},
    ROIPooler: {"forward": regions.pool},
    FastRCNNOutputLayers: {"inference": detecting.detections},
    CascadeROIHeads: {"_forward_box": detecting.detections_of_stages},
    BaseMaskRCNNHead: {"forward": regions.masks},
    BaseKeypointRCNNHead: {"forward": regions.keypoints},
    GroupNorm: {"forward": images.normalise_groups},
}
#: The same in the heads alone, where nobody knows how many regions there are.
OF_REGIONS: Methods = {
    Conv2d: {"forward": regions.convolve},
    FrozenBatchNorm2d: {"forward": normalise},
    BatchNorm2d: {"forward": normalise},
}


def prepare(model: Any) -> str:
    """Change every R-CNN and RetinaNet of detectron2 in `model`, an eager model in eval mode, in
    place, so that torch.export can capture it, and return in words what was changed.

    The weights and their names stay, and so do answers: boxes, scores and classes in the same
    order but for equal scores, masks and keypoints but for rounding. Of a `PanopticFPN` the network
    is changed, not the merging of its segments. Where nothing is detected, the empty masks of
    PointRend's network have the resolution that its masks have.

    Raises TypeError where `model` holds no such detector, ValueError where one is in training mode
    or pads its images to squares.
    """
    found = [each for each in model.modules() if isinstance(each, (GeneralizedRCNN, RetinaNet))]
    if not found:
        raise TypeError(f"{type(model).__name__} is and holds no R-CNN or RetinaNet of detectron2")
    for each in found:
        _change(each)
    names = ", ".join(sorted({type(each).__name__ for each in found}))
    return (
        f"{names}: images padded by sizes that can be symbols; detections chosen without asking how"
        " many there are; regions pooled from every level; masks and keypoints of all at once"
    )


def _change(model: Any) -> None:
    if images.padding(model.backbone).get("square_size", 0) > 0:
        raise ValueError("its backbone pads images to squares, which is not supported")
    bind(model, preprocess_image=images.preprocess)
    if isinstance(model, RetinaNet):
        bind(model, forward=answers.of_retinanet, inference_single_image=detecting.of_anchors)
    elif not isinstance(model, PanopticFPN):
        bind(model, inference=answers.of_rcnn)
    _bind(list(model.modules()), {**METHODS, **_of_projects()})
    if hasattr(model, "roi_heads"):
        _bind(list(model.roi_heads.modules()), OF_REGIONS)


def _of_projects() -> Methods:
    """`METHODS` of the projects beside detectron2, as far as anybody has imported them."""
    if "detectron2.projects.point_rend" not in sys.modules:
        return {}
    from pytest_export_matrix.addons.detectron2.torch_export import points

    of_points: Dict[str, Callable[..., Any]] = {
        "_roi_pooler": points.pool,
        "_point_pooler": points.pool_points,
        "_subdivision_inference": points.subdivide,
    }
    return {points.HEAD: of_points}


def _bind(modules: List[Any], table: Methods) -> None:
    for module in modules:
        for kind, functions in table.items():
            if isinstance(module, kind):
                bind(module, **functions)
