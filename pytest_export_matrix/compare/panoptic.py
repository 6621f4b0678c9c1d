"""Panoptic answers: detections, a semantic map, and the map of segments that both make together.

Segments are matched as in Kirillov, He, Girshick, Rother and Dollar, "Panoptic Segmentation" (CVPR
2019), section 4.1: of the same class, with an intersection over union of more than one half. As the
segments of a map do not overlap, a segment has at most one such counterpart. The numbers of
segments mean nothing. Unlike in the paper, void is an answer like any other: it excuses no pixel.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pytest_export_matrix.compare.arrays import Findings, other_dtype, other_shape
from pytest_export_matrix.compare.detections import (
    Around,
    Problem,
    by_image,
    compare_image,
    not_detections,
    widest,
)
from pytest_export_matrix.compare.matching import Image
from pytest_export_matrix.compare.measuring import measure
from pytest_export_matrix.compare.noise import Noise
from pytest_export_matrix.compare.unsure import join, measure_image

SAME_SEGMENT = 0.5
#: The outputs that describe the whole image, and their numbers of dimensions.
MAPS = {"semantic": 3, "panoptic": 2, "segment_classes": 1}
#: The outputs that a network returns before they are merged.
UNMERGED = {"semantic": MAPS["semantic"]}


def compare(
    reference: Any, actual: Any, options: Dict[str, Any], noise: Optional[Noise] = None
) -> Dict[str, Any]:
    """Deviation of two lists of images; see `pytest_export_matrix.compare`.

    An image is a dict of the arrays of `compare.detections` and of semantic [classes, H, W],
    panoptic, integer [H, W], and segment_classes, integer [S]; see `Panoptic` for their meaning.
    The counts are of detections; segments are counted in the figures of the output panoptic.
    """
    maps = MAPS if options.get("merged", True) else UNMERGED
    unfit = partial(not_panoptic, maps=maps)
    return by_image(reference, actual, Around(options, noise, 0), unfit, compare_panoptic)


def measure_answers(
    reference: Any, others: Sequence[Any], truth: Optional[Any], options: Dict[str, Any]
) -> Noise:
    """The noise of eager's answer to one case: of the detections, and of the semantic map. Segments
    are compared by their overlap."""
    images = []
    for i, image in enumerate(reference):
        draws, exact = [each[i] for each in others], truth and truth[i]
        noise = measure_image(image, draws, exact, list(_without_maps(image)))
        maps = [each["semantic"] for each in draws]
        noise.outputs["semantic"] = [
            measure(image["semantic"], maps, exact["semantic"] if exact else None)
        ]
        images.append(noise)
    return join(images)


def not_panoptic(answer: Any, maps: Dict[str, int]) -> Optional[str]:
    """Why `answer` is no list of images with detections and `maps`; None where it is one."""
    problem = not_detections(answer)
    if problem:
        return problem
    for image in answer:
        for name in sorted(set(MAPS) - set(maps)):
            if name in image:
                return f"an unexpected {name} in an image"
        for name, dimensions in maps.items():
            array = image.get(name)
            if getattr(array, "ndim", None) != dimensions:
                return f"no {name} of {dimensions} dimensions in an image"
            if name != "semantic" and array.dtype.kind not in "iu":
                return f"{name} of dtype {array.dtype}, expected integers"
    return None


def compare_panoptic(
    expected: Image,
    got: Image,
    around: Around,
    found: Dict[str, Any],
    outputs: Dict[str, Any],
) -> List[Problem]:
    """What is wrong with one image; see `compare.detections.compare_image`."""
    if list(got) != list(expected):
        return [("structure", f"outputs {', '.join(got)}, expected {', '.join(expected)}")]
    problems = compare_image(_without_maps(expected), _without_maps(got), around, found, outputs)
    shapes = [
        (name, other_shape(name, expected[name], got[name], skip_first=name == "segment_classes"))
        for name in MAPS
        if name in expected
    ]
    of_shape: List[Problem] = [(name, problem) for name, problem in shapes if problem]
    if of_shape:
        return problems + of_shape
    found_of = {"semantic": _compare_semantic(expected["semantic"], got["semantic"], around)}
    if "panoptic" in expected:
        found_of["panoptic"] = _compare_segments(expected, got, around.options)
        problems += [
            (name, problem)
            for name in ("panoptic", "segment_classes")
            for problem in other_dtype(name, expected[name], got[name])
        ]
    for name, (figures, wrong) in found_of.items():
        outputs[name] = widest(outputs.get(name, {}), figures)
        problems += [(name, problem) for problem in wrong]
    return problems


def _without_maps(image: Image) -> Image:
    return {name: array for name, array in image.items() if name not in MAPS}


def _compare_semantic(reference: Any, actual: Any, around: Around) -> Findings:
    """Compare by values, and by the share of pixels whose most probable class differs."""
    figures, wrong = around.compare("semantic", reference, actual)
    if "max_abs" not in figures or not reference.size:
        return figures, wrong
    differing = float((reference.argmax(0) != actual.argmax(0)).mean())
    if differing > around.options["semantic_pixels"]:
        allowed = f"allowed {around.options['semantic_pixels']:g}"
        wrong = [*wrong, f"semantic: {differing:.2%} of the pixels of another class, {allowed}"]
    return {**figures, "pixels_of_another_class": differing}, wrong


def _compare_segments(expected: Image, got: Image, options: Dict[str, Any]) -> Findings:
    """How far the segments of `got` cover those of `expected`.

    min_iou is the lowest intersection over union of matched segments, 0 where one is missing or
    extra. min_pq is the panoptic quality of the image, all classes taken together: the sum of the
    overlaps, divided by the number of matched segments plus half that of the others. Both are 1
    for two maps without segments.
    """
    import numpy as np

    wrong = [
        f"panoptic: {text}{whose}"
        for image, whose in ((expected, " in the reference"), (got, ""))
        for text in _unfit_numbers(image)
    ]
    if wrong:
        return {}, wrong
    overlap = _overlaps_of_segments(expected, got)
    rows, columns = np.nonzero(overlap > SAME_SEGMENT)
    matched = overlap[rows, columns]
    alone = [n - len(matched) for n in overlap.shape]
    least, total = options["segment_iou"], len(matched) + sum(alone) / 2
    lowest = 0.0 if any(alone) else float(matched.min(initial=1.0))
    figures = {
        "max_rel": 1 - lowest,
        "min_iou": lowest,
        "least_iou": least,
        "min_pq": float(matched.sum() / total) if total else 1.0,
        "matched": len(matched),
        "missing": alone[0],
        "extra": alone[1],
    }
    wrong = [
        f"panoptic: {lacking} of {len(image['segment_classes'])} segments {what}"
        for what, image, lacking in (("missing", expected, alone[0]), ("extra", got, alone[1]))
        if lacking
    ]
    below = int((matched < least).sum())
    if below:
        said = f"{below} of {len(matched)} segments overlap by less than {least:g}"
        wrong.append(f"panoptic: {said} (the worst by {float(matched.min()):.4f})")
    return figures, wrong


def _unfit_numbers(image: Image) -> List[str]:
    """What is wrong with the numbers of the segments: each needs a class, and pixels."""
    import numpy as np

    numbers, known = np.unique(image["panoptic"]), len(image["segment_classes"])
    strange = [int(n) for n in numbers if not 0 <= n <= known]
    empty = sorted(set(range(1, known + 1)) - {int(n) for n in numbers})
    said = [f"segments {strange} are without a class"] if strange else []
    return said + ([f"segments {empty} are without pixels"] if empty else [])


def _overlaps_of_segments(expected: Image, got: Image) -> Any:
    """Intersection over union of each two segments, 0 where the classes differ: float64 [S, T]."""
    import numpy as np

    shape: Tuple[int, int] = tuple(len(i["segment_classes"]) + 1 for i in (expected, got))  # type: ignore[assignment]
    pairs = expected["panoptic"].astype(np.int64) * shape[1] + got["panoptic"].astype(np.int64)
    shared = np.bincount(pairs.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    areas = shared.sum(1)[1:, None], shared.sum(0)[None, 1:]
    overlap = shared[1:, 1:] / (areas[0] + areas[1] - shared[1:, 1:])
    overlap[expected["segment_classes"][:, None] != got["segment_classes"][None, :]] = 0
    return overlap
