"""What is done around a net in Python: images to its inputs, its outputs to detections.

All that it needs to know is the `Description` beside the net. Resizing is torchvision's of
today, with the factor in double precision: in 2021 it went through float32, which makes some
images a pixel smaller.
"""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.retinanet import RetinaNet
from torchvision.models.detection.roi_heads import heatmaps_to_keypoints
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops.boxes import remove_small_boxes

from pytest_export_matrix.addons.caffe2.description import Anchors, Description, Transform

Arrays = Dict[str, Any]
Size = Tuple[int, int]

#: torchvision drops boxes with a shorter side after decoding; BoxWithNMSLimit keeps them.
SMALLEST_SIDE = 1e-2


class Batch(NamedTuple):
    """Images on their way through a net: sizes as they were given and as resized, and the inputs
    of the net by name."""

    given: List[Size]
    resized: List[Size]
    inputs: Arrays


def prepare(images: Sequence[Any], about: Description) -> Batch:
    """The inputs of the net for `images`, each float32 [3, height, width] in 0..1.

    Raises ValueError for an image of another rank or dtype, and for another number of images than
    the net was made for.
    """
    transform, grids = about.transform, about.anchors
    assert transform is not None and grids is not None  # every detector has both
    check(images, about.images)
    sides = transform.min_size, transform.max_size
    tensors = [resize(normalise(torch.as_tensor(image), transform), *sides) for image in images]
    given = [(int(image.shape[1]), int(image.shape[2])) for image in images]
    resized = [(int(tensor.shape[1]), int(tensor.shape[2])) for tensor in tensors]
    multiple = transform.size_divisible
    height, width = (
        multiple * math.ceil(max(size[side] for size in resized) / multiple) for side in (0, 1)
    )
    data = torch.zeros(len(tensors), 3, height, width)
    for row, tensor in zip(data, tensors):
        row[:, : tensor.shape[1], : tensor.shape[2]] = tensor
    inputs = {"data": data.numpy()}
    if about.kind == "rcnn":
        inputs["im_info"] = np.array([[h, w, 1.0] for h, w in resized], np.float32)
        for level, boxes in enumerate(anchors((height, width), grids)):
            # The net has the anchors of one form together: [A, H, W] instead of [H, W, A].
            inputs[f"anchors_{level}"] = boxes.transpose(1, 0, 2).reshape(-1, 4)
    return Batch(given, resized, inputs)


def check(images: Sequence[Any], expected: Optional[int]) -> None:
    if len(images) != expected:
        raise ValueError(
            f"the net was made for {expected} images at once, {len(images)} given: "
            "its graph holds what is done for each of them"
        )
    for i, image in enumerate(images):
        shape, dtype = list(image.shape), str(image.dtype).replace("torch.", "")
        if len(shape) != 3 or shape[0] != 3 or dtype != "float32":
            raise ValueError(
                f"image {i} is {dtype} of shape {shape}, expected float32 of [3, height, width]"
            )


def normalise(image: Tensor, transform: Transform) -> Tensor:
    mean, std = (
        torch.tensor(values, dtype=image.dtype)[:, None, None]
        for values in (transform.image_mean, transform.image_std)
    )
    return (image - mean) / std


def resize(image: Tensor, shorter: float, longer: float) -> Tensor:
    """`image`, [3, height, width], with a shorter side of `shorter` pixels, unless the longer would
    exceed `longer`."""
    sides = image.shape[-2:]
    factor = min(shorter / min(sides), longer / max(sides))
    size = [math.floor(side * factor) for side in sides]
    interpolate = torch.nn.functional.interpolate
    return interpolate(image[None], size=size, mode="bilinear", align_corners=False)[0]


def anchors(canvas: Size, grids: Anchors) -> List[Any]:
    """The anchors of each level as torchvision lays them out over a padded batch: float32
    [H W, A, 4]. Its strides are whole numbers, canvas // grid, which need not be powers of two."""
    levels: List[Any] = []
    for stride, cell in zip(grids.strides, grids.cells):
        grid = [math.ceil(side / stride) for side in canvas]
        steps = [side // n for side, n in zip(canvas, grid)]
        y, x = np.meshgrid(*(np.arange(n) * step for n, step in zip(grid, steps)), indexing="ij")
        shifts = np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4).astype(np.float32)
        levels.append(shifts + np.array(cell, np.float32))
    return levels


def detections(outputs: Arrays, batch: Batch, about: Description) -> List[Dict[str, Tensor]]:
    """The answer of the PyTorch model: a dict for each image, boxes in its pixels."""
    tensors = {name: torch.as_tensor(array) for name, array in outputs.items()}
    decode = {"rcnn": of_regions, "retinanet": of_maps}[about.kind]
    found = decode(tensors, batch, about)
    transform = GeneralizedRCNNTransform(0, 0, [], []).eval()
    answer: List[Dict[str, Tensor]] = transform.postprocess(found, batch.resized, batch.given)
    return answer


def of_regions(outputs: Dict[str, Tensor], batch: Batch, about: Description) -> Any:
    """Detections in the order of falling scores, as torchvision has them: BoxWithNMSLimit answers
    class by class, and labels as float32."""
    assert about.outputs_of_image is not None
    results = []
    for i in range(len(batch.given)):
        found = {name: outputs[f"{name}_{i}"] for name in about.outputs_of_image}
        order = found["scores"].argsort(descending=True)
        order = order[remove_small_boxes(found["boxes"][order], SMALLEST_SIDE)]
        found = {name: value[order] for name, value in found.items()}
        result = {
            "boxes": found["boxes"],
            "labels": found["labels"].to(torch.int64),
            "scores": found["scores"],
        }
        if "masks" in found:
            rows = torch.arange(len(order))
            result["masks"] = found["masks"][rows, result["labels"]][:, None]
        result.update(keypoints(found))
        results.append(result)
    return results


def keypoints(found: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Keypoints [R, K, 3] of x, y and 1, and their scores [R, K].

    torchvision enlarges a heatmap to the size of its box by bicubic interpolation and takes the
    centre of the highest pixel. HeatmapMaxKeypoint takes the highest cell of the heatmap as it is
    and moves it to the peak of a quadratic through the cells around. Mostly the two are a part of
    a cell apart; where a heatmap has two peaks of nearly one height, they may choose differently.
    """
    if "heatmaps" in found:
        points, scores = heatmaps_to_keypoints(found["heatmaps"], found["boxes"])
        return {"keypoints": points, "keypoints_scores": scores}
    if "keypoints" not in found:
        return {}
    x, y, logit, _ = found["keypoints"].unbind(1)
    return {"keypoints": torch.stack([x, y, torch.ones_like(x)], 2), "keypoints_scores": logit}


def of_maps(outputs: Dict[str, Tensor], batch: Batch, about: Description) -> Any:
    """RetinaNet's detections from its head maps, by torchvision's own decoding."""
    assert about.anchors is not None and about.decoding is not None
    height, width = batch.inputs["data"].shape[2:]
    levels = anchors((height, width), about.anchors)
    boxes = [torch.from_numpy(level).reshape(-1, 4) for level in levels]
    decoding = dataclasses.asdict(about.decoding)
    settings = SimpleNamespace(box_coder=BoxCoder((1.0, 1.0, 1.0, 1.0)), **decoding)
    maps = {
        name: [
            _by_anchor(outputs[f"{source}_{level}"], len(cell))
            for level, cell in enumerate(about.anchors.cells)
        ]
        for name, source in (("cls_logits", "scores"), ("bbox_regression", "deltas"))
    }
    everywhere = [boxes] * len(batch.given)
    return RetinaNet.postprocess_detections(settings, maps, everywhere, batch.resized)


def _by_anchor(maps: Tensor, count: int) -> Tensor:
    """[N, A C, H, W] as [N, H W A, C]."""
    images, channels, height, width = maps.shape
    split = maps.reshape(images, count, channels // count, height, width)
    return split.permute(0, 3, 4, 1, 2).reshape(images, -1, channels // count)
