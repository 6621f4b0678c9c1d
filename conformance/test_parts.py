"""The parts of a detector are all of its network: what numpy makes of their answers, as an
application does that has no PyTorch, is what the whole detector answers.

Where a step departs from a paper it is torchvision's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from conformance.architectures.parts import Part
from conformance.architectures.table import PARTS, SIZES
from pytest_export_matrix.samples import image_list

Array = NDArray[np.float32]
#: The largest logarithm by which a box may grow, as in Faster R-CNN.
MOST_GROWTH = np.log(1000 / 16)
ONE_STAGE = {each.keywords["name"]: each for each in PARTS if "rcnn" not in each.name}


def sigmoid(logits: Array) -> Array:
    return 1 / (1 + np.exp(-logits))


def softmax_without_background(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))[:, 1:]


def moved(anchors: Array, deltas: Array, weights: tuple[float, ...]) -> Array:
    """`anchors` [A, 4] (corners) by `deltas` [A, 4]: shifts in sides, and logarithms of growth."""
    sides = anchors[:, 2:] - anchors[:, :2]
    scaled = deltas / np.asarray(weights, np.float32)
    centers = anchors[:, :2] + sides / 2 + scaled[:, :2] * sides
    halves = np.exp(np.minimum(scaled[:, 2:], MOST_GROWTH)) * sides / 2
    return np.concatenate([centers - halves, centers + halves], 1)


def distances(anchors: Array, deltas: Array) -> Array:
    """Boxes by their distances [A, 4] from the centers of `anchors`, in sides of these."""
    sides = anchors[:, 2:] - anchors[:, :2]
    centers = anchors[:, :2] + sides / 2
    near, far = deltas[:, :2] * sides, deltas[:, 2:] * sides
    return np.concatenate([centers - near, centers + far], 1)


def suppressed(boxes: Array, scores: Array, most_overlap: float) -> list[int]:
    """The indices of `boxes` that overlap no better one by more than `most_overlap`, best first."""
    kept: list[int] = []
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    for index in np.argsort(-scores, kind="stable"):
        low = np.maximum(boxes[index, :2], boxes[kept, :2])
        high = np.minimum(boxes[index, 2:], boxes[kept, 2:])
        common = np.prod(np.maximum(high - low, 0), 1)
        if not np.any(common > most_overlap * (areas[index] + areas[kept] - common)):
            kept.append(int(index))
    return kept


def detections(model: Any, boxes: Array, scores: Array, size: tuple[int, int]) -> dict[str, Array]:
    """What is found in an image of `size`, from a box [A, 4] and scores [A, C] of each anchor."""
    height, width = size
    boxes = np.clip(boxes, 0, [width, height, width, height])
    anchors, classes = np.nonzero(scores > model.score_thresh)
    boxes, found = boxes[anchors], scores[anchors, classes]
    kept: list[int] = []
    for label in np.unique(classes):
        of_class = np.flatnonzero(classes == label)
        kept += list(of_class[suppressed(boxes[of_class], found[of_class], model.nms_thresh)])
    best = sorted(kept, key=lambda index: -found[index])[: model.detections_per_img]
    return {"boxes": boxes[best], "scores": found[best], "labels": classes[best]}


def retinanet(answer: list[Array], anchors: Array) -> tuple[Array, Array]:
    logits, deltas = answer
    return moved(anchors, deltas[0], (1, 1, 1, 1)), sigmoid(logits[0])


def fcos(answer: list[Array], anchors: Array) -> tuple[Array, Array]:
    logits, deltas, centerness = answer
    return distances(anchors, deltas[0]), np.sqrt(sigmoid(logits[0]) * sigmoid(centerness[0]))


def ssdlite(answer: list[Array], anchors: Array) -> tuple[Array, Array]:
    deltas, logits = answer
    return moved(anchors, deltas[0], (10, 10, 5, 5)), softmax_without_background(logits[0])


Decode = Callable[[list[Array], Array], tuple[Array, Array]]
DECODE: dict[str, Decode] = {"retinanet": retinanet, "fcos": fcos, "ssdlite": ssdlite}


@pytest.mark.parametrize("name", ONE_STAGE)
def test_numpy_makes_of_the_parts_what_the_detector_answers(name: str, tmp_path: Path) -> None:
    keywords = {key: each for key, each in ONE_STAGE[name].keywords.items() if key != "name"}
    model: Any = importlib.import_module(f"conformance.architectures.{name}").build(**keywords)
    # Labels of an SSD count from one: its background is class 0.
    first_label = 1 if name == "ssdlite" else 0
    for size in SIZES:
        (images,) = image_list([size], seed=0)
        with torch.no_grad():
            (expected,) = model(images)
        batch, _ = model.transform(images)
        part = Part(model)
        torch.onnx.export(part, (batch.tensors,), str(tmp_path / "part.onnx"), dynamo=False)
        session = onnxruntime.InferenceSession(str(tmp_path / "part.onnx"))
        answer = session.run(None, {session.get_inputs()[0].name: batch.tensors.numpy()})
        features = list(model.backbone(batch.tensors).values())
        anchors = np.concatenate([each.numpy() for each in model.anchor_generator(batch, features)])

        boxes, scores = DECODE[name](answer, anchors)
        found = detections(model, boxes, scores, batch.image_sizes[0])

        assert len(found["scores"]) == len(expected["scores"]) > 2
        scale = np.tile(np.asarray(size[::-1]) / batch.image_sizes[0][::-1], 2)
        assert np.abs(found["boxes"] * scale - expected["boxes"].numpy()).max() < 0.01
        assert np.abs(found["scores"] - expected["scores"].numpy()).max() < 1e-4
        assert (found["labels"] + first_label == expected["labels"].numpy()).all()
