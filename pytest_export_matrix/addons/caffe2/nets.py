"""A model as one net, from tensors to tensors, with its parts replaced by Caffe2's.

    R-CNN      data [N, 3, H, W], im_info [N, 3], anchors of each level [K, 4]
               -> for each image boxes, scores, labels, and masks or keypoints
    RetinaNet  data [N, 3, H, W] -> for each level scores and deltas
    others     the tensors that the model takes -> those that it answers

What the net leaves to be done around it is in `processing`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, List, NamedTuple, Tuple

import torch
from torch import Tensor, nn
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNet

from pytest_export_matrix.addons.caffe2 import processing
from pytest_export_matrix.addons.caffe2.description import (
    Anchors,
    Decoding,
    Description,
    Transform,
)
from pytest_export_matrix.addons.caffe2.parts import Images, Unsupported
from pytest_export_matrix.addons.caffe2.table import PARTS, replace
from pytest_export_matrix.vocabulary.pytrees import flatten, unflatten

#: Side of an image on which every level of a pyramid is whole: its strides are measured there.
MEASURE = 512


class Converted(NamedTuple):
    """A net with example inputs, and what has to be known to use it."""

    net: nn.Module
    inputs: Tuple[Tensor, ...]
    about: Description


class RcnnNet(nn.Module):
    """Faster, Mask and Keypoint R-CNN."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone, self.rpn, self.roi_heads = model.backbone, model.rpn, model.roi_heads
        self.names: List[str] = []

    def forward(self, data: Tensor, im_info: Tensor, *anchors: Tensor) -> Any:
        rows = [im_info[i : i + 1] for i in range(int(data.shape[0]))]
        features = self.backbone(data)
        proposals, _ = self.rpn(Images(data, rows, anchors), features)
        results, _ = self.roi_heads(features, proposals, rows)
        self.names = list(results[0])
        return tuple(value for result in results for value in result.values())


class RetinaNetNet(nn.Module):
    """The maps of RetinaNet's head: scores_0.., then deltas_0.."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone, self.head = model.backbone, model.head

    def forward(self, data: Tensor) -> Any:
        maps = self.head(list(self.backbone(data).values()))
        return (*maps["scores"], *maps["deltas"])


class PlainNet(nn.Module):
    """A model of tensors."""

    def __init__(self, model: nn.Module, spec: Any) -> None:
        super().__init__()
        self.model, self.spec = model, spec

    def forward(self, *tensors: Tensor) -> Any:
        return tuple(flatten(self.model(*unflatten(tensors, self.spec)))[0])


def convert(model: Any, arguments: Any) -> Converted:
    """`model`, in eval mode, as a net for as many images as `arguments` hold. It stays as it is.

    The net is in eval mode throughout: torch.onnx.export sets back, for all that is inside, the
    mode of what it was given.

    Raises Unsupported for a setting that a part does not have.
    """
    with torch.no_grad():
        if isinstance(model, (GeneralizedRCNN, RetinaNet)):
            return _detector(model, list(arguments[0]))
        tensors, spec = flatten(arguments)
        net = PlainNet(_replaced(model), spec).eval()
        return Converted(net, tuple(tensors), _plain(len(tensors), len(net(*tensors))))


def _replaced(model: Any) -> nn.Module:
    return replace(model, {**PARTS, **getattr(model, "caffe2_parts", {})})


def _plain(inputs: int, outputs: int) -> Description:
    return Description(
        kind="plain",
        inputs=[f"input_{i}" for i in range(inputs)],
        outputs=[f"output_{i}" for i in range(outputs)],
    )


def _detector(model: Any, images: List[Tensor]) -> Converted:
    model(images)  # the pooling learns its scales, the anchors are made
    is_rcnn = isinstance(model, GeneralizedRCNN)
    grids = _anchors(model, images)
    about = Description(  # the names of inputs and outputs are known once the net has run
        kind="rcnn" if is_rcnn else "retinanet",
        inputs=[],
        outputs=[],
        images=len(images),
        transform=_transform(model.transform),
        anchors=grids,
        decoding=None if is_rcnn else _decoding(model),
        outputs_of_image=[] if is_rcnn else None,
    )
    inputs = processing.prepare(images, about).inputs
    net: Any = (RcnnNet if is_rcnn else RetinaNetNet)(_replaced(model)).eval()
    tensors = tuple(torch.from_numpy(array) for array in inputs.values())
    net(*tensors)
    if is_rcnn:
        outputs = [f"{name}_{i}" for i in range(len(images)) for name in net.names]
    else:
        levels = range(len(grids.strides))
        outputs = [f"{name}_{i}" for name in ("scores", "deltas") for i in levels]
    about = dataclasses.replace(
        about,
        inputs=list(inputs),
        outputs=outputs,
        outputs_of_image=net.names if is_rcnn else None,
    )
    return Converted(net, tensors, about)


def _transform(transform: Any) -> Transform:
    """Raises Unsupported for a fixed size, and for sizes that are no whole pixels."""
    if transform.fixed_size is not None:
        raise Unsupported(f"a transform with a fixed size: {transform.fixed_size}")
    sizes = transform.min_size[-1], transform.max_size, transform.size_divisible
    if any(size != int(size) for size in sizes):
        raise Unsupported(f"a transform with a size of parts of a pixel: {sizes}")
    return Transform(
        min_size=int(sizes[0]),
        max_size=int(sizes[1]),
        image_mean=[float(value) for value in transform.image_mean],
        image_std=[float(value) for value in transform.image_std],
        size_divisible=int(sizes[2]),
    )


def _decoding(model: Any) -> Decoding:
    return Decoding(
        score_thresh=float(model.score_thresh),
        nms_thresh=float(model.nms_thresh),
        topk_candidates=int(model.topk_candidates),
        detections_per_img=int(model.detections_per_img),
    )


def _anchors(model: Any, images: List[Tensor]) -> Anchors:
    """Strides and anchors of one cell by level, checked to give the anchors that the model has for
    `images`. Each level is ceil(side of the padded batch / stride) cells high and wide."""
    batch, _ = model.transform(images)
    features = list(model.backbone(batch.tensors).values())
    generator = (
        model.anchor_generator if isinstance(model, RetinaNet) else model.rpn.anchor_generator
    )
    canvas = tuple(batch.tensors.shape[-2:])
    square = model.backbone(torch.zeros(1, 3, MEASURE, MEASURE)).values()
    strides = [int(MEASURE // map.shape[2]) for map in square]
    grids = Anchors(strides, [level.tolist() for level in generator.cell_anchors])
    expected = generator(ImageList(batch.tensors, batch.image_sizes), features)[0]
    made = [torch.from_numpy(level).reshape(-1, 4) for level in processing.anchors(canvas, grids)]
    if torch.cat(made).shape != expected.shape or not torch.equal(torch.cat(made), expected):
        raise Unsupported(f"anchors that do not lie on grids of {strides} pixels")
    return grids
