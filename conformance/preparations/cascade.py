"""The preparation of `conformance.architectures.cascade_rcnn` for torch.export."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torchvision.ops.boxes import clip_boxes_to_image

from pytest_export_matrix.preparations.torch_export.binding import bind
from pytest_export_matrix.preparations.torch_export.boxes import decode
from pytest_export_matrix.preparations.torch_export.rcnn import prepare_rcnn
from pytest_export_matrix.preparations.torch_export.regions import Size


def prepare_cascade_rcnn(model: Any) -> str:
    for stage in model.roi_heads.stages:
        bind(stage, refine=refine)
    return f"{prepare_rcnn(model)}; stages as well"


def refine(stage: Any, deltas: Tensor, boxes: list[Tensor], sizes: list[Size]) -> list[Tensor]:
    """`Stage.refine` of Cascade R-CNN: the boxes of each image, moved and clipped."""
    moved = decode(stage.coder, deltas, boxes)[:, 0]
    of_images = moved.split([of_image.shape[0] for of_image in boxes])
    return [clip_boxes_to_image(each, size) for each, size in zip(of_images, sizes)]
