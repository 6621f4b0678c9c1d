"""How answers are compared: one file for each output kind, one rule of what is allowed.

    noise       the rule: how far eager's own answers lie apart, and what that allows
    arrays      two arrays under that rule
    tensors, detections, panoptic, queries    the output kinds
    matching, unsure    which detections belong together; which of them rounding decides about
    proof       answers that prove nothing
    answers     a file's answers to all cases of a cell

A comparison is a pure function (reference, actual, options) -> deviation, where reference and
actual are trees of numpy arrays and deviation is JSON. A kind with a `measure` gets the noise of
the eager model as a fourth argument.

    {"outputs": {name: {"max_abs", "max_rel", "allowed", ...}}, "problems": [text, ...],
     "deviating": [name, ...], "matched": n, "missing": n, "extra": n, "notes": [text, ...]}

The answers are equal within tolerance if and only if `problems` is empty. `deviating` says what the
problems are about: names of outputs, or "missing", "extra", "structure". The three counts belong to
kinds whose outputs are sets of objects. Over several answers, counts are added, figures named
`min_...` are the lowest, and all others are the largest.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.errors import UsageError


def Detections(  # noqa: N802
    score_threshold: Optional[float] = None, mask_iou: Optional[float] = None
) -> OutputKind:
    """Objects found in each image: a list with one dict of boxes, labels, scores (and masks,
    keypoints) for each image. `score_threshold` is the one that the model applies: a detection may
    be missing or extra only where its score lies within tolerance of it. `mask_iou` is for models
    in which rounding decides about single pixels of a mask. It replaces the largest difference by
    an intersection over union (of probabilities) that two matched masks need.

    Raises UsageError for a `mask_iou` outside (0.5, 1].
    """
    _check_iou("Detections", "mask_iou", mask_iou)
    options = {"score_threshold": score_threshold, "mask_iou": mask_iou}
    return _kind("detections", options)


def Panoptic(  # noqa: N802
    score_threshold: Optional[float] = None,
    mask_iou: Optional[float] = None,
    segment_iou: float = 0.99,
    semantic_pixels: float = 0.001,
    merged: bool = True,
) -> OutputKind:
    """Objects and stuff of each image: a list with one dict for each image. It holds the outputs of
    `Detections`, which are compared with the same options, and three more.

    semantic: probabilities or logits, [classes, H, W]. At most the share `semantic_pixels` of the
        pixels may be of another class.
    panoptic: the number of each pixel's segment, integer [H, W]; 0 is void.
    segment_classes: the class of segment 1, 2, ..., integer [S]. Every segment needs a counterpart
        of the same class with an intersection over union of `segment_iou`; its number may differ.

    merged=False is for a network that leaves the merging to its user: without the last two.

    Raises UsageError for a bound outside its range.
    """
    _check_iou("Panoptic", "mask_iou", mask_iou)
    _check_iou("Panoptic", "segment_iou", segment_iou)
    if not 0 <= semantic_pixels <= 0.01:
        problem = "a share of the pixels that may differ lies between 0 and 0.01"
        raise UsageError(f"Panoptic(semantic_pixels={semantic_pixels!r})", problem)
    options = {
        "score_threshold": score_threshold,
        "mask_iou": mask_iou,
        "segment_iou": segment_iou,
        "semantic_pixels": semantic_pixels,
        "merged": merged,
    }
    return _kind("panoptic", options)


def Queries(*outputs: str) -> OutputKind:  # noqa: N802
    """Queries as DETR-like models answer, without order. `outputs` names the arrays [N, Q, ...]
    that describe them, such as "logits" and "pred_boxes". Other outputs are compared as tensors.

    Raises UsageError without a name.
    """
    if not outputs:
        problem = "the outputs that describe the queries have to be named"
        raise UsageError("Queries()", problem, remedy='Queries("logits", "pred_boxes")')
    return _kind("queries", {"outputs": list(outputs)})


def Tensors() -> OutputKind:  # noqa: N802
    """Any tensors, compared element by element: a classifier, a backbone."""
    return _kind("tensors", {})


def _kind(name: str, options: Mapping[str, Any]) -> OutputKind:
    """The kind whose two functions lie in the file of its name."""
    file = f"{__name__}.{name}"
    return OutputKind(name, f"{file}:compare", options, f"{file}:measure_answers")


def _check_iou(kind: str, option: str, value: Optional[float]) -> None:
    """Refuse a bound outside (0.5, 1]: at one half, two masks may be of different objects."""
    if value is not None and not 0.5 < value <= 1:
        problem = "an overlap that is asked for lies above 0.5, up to 1"
        example = f"for instance {option}=0.998"
        raise UsageError(f"{kind}({option}={value!r})", problem, remedy=example)


OUTPUT_KINDS = (Detections(), Panoptic(), Tensors())
