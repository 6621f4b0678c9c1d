"""Detections: matched image by image, one to one, then compared pair by pair.

Matching is by class and intersection over union, as in the evaluation of Pascal VOC (Everingham et
al., 2010), but between two models' answers: the pairs of one class are taken in order of falling
overlap, each detection once, down to an overlap of one half. Non-maximum suppression leaves no two
detections of a class that overlap more, so an equal answer has exactly one such pairing.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from pytest_export_matrix.compare.tolerances import (
    Findings,
    compare_values,
    misfit,
    mismatch,
    tolerance,
)

MIN_OVERLAP = 0.5
#: Outputs whose tolerance is their own; all others are compared as "values".
KINDS = {"boxes": "boxes", "scores": "scores", "masks": "masks", "keypoints": "keypoints"}

COUNTS = ("matched", "missing", "extra")

Image = Dict[str, Any]
Pairs = List[Tuple[int, int]]
#: What is wrong: the output it is about (or "missing", "extra", "structure"), and the text.
Problem = Tuple[str, str]


def compare(reference: Any, actual: Any, options: Dict[str, Any]) -> Dict[str, Any]:
    """Deviation of two lists of images; see `pytest_export_matrix.compare`.

    An image is a dict of arrays of K detections: boxes float [K, 4] as (x1, y1, x2, y2), scores
    float [K], and where the model has them labels int [K], masks [K, 1, H, W], keypoints
    [K, P, 3]. The numbers of images and of outputs are checked before any value.
    """
    return by_image(reference, actual, options, not_detections, compare_image)


def by_image(
    reference: Any,
    actual: Any,
    options: Dict[str, Any],
    unfit: Callable[[Any], Optional[str]],
    compare_one: Callable[..., List[Problem]],
) -> Dict[str, Any]:
    """Deviation of two lists of images. `compare_one` takes and returns what `compare_image` does.
    `unfit` returns why an answer is no list of such images, or None."""
    found: Dict[str, Any] = {**dict.fromkeys(COUNTS, 0), "notes": []}
    problem = unfit(reference)
    if problem:
        return {**found, **misfit(f"the reference is no list of detections: {problem}")}
    problem = unfit(actual)
    if problem:
        return {**found, **misfit(f"no list of detections: {problem}")}
    if len(actual) != len(reference):
        return {**found, **misfit(f"answers for {len(actual)} of {len(reference)} images")}
    deviating: Set[str] = set()
    outputs: Dict[str, Any] = {}
    problems: List[str] = []
    for index, (expected, got) in enumerate(zip(reference, actual)):
        for about, problem in compare_one(expected, got, options, found, outputs):
            problems.append(f"image {index}: {problem}")
            deviating.add(about)
    return {**found, "outputs": outputs, "problems": problems, "deviating": sorted(deviating)}


def not_detections(answer: Any) -> Optional[str]:
    """Why `answer` is no list of images with boxes and scores; None where it is one."""
    if not isinstance(answer, (list, tuple)) or not all(
        isinstance(image, dict) for image in answer
    ):
        return f"a {type(answer).__name__}, expected a list with one dict an image"
    for image in answer:
        for name in ("boxes", "scores"):
            if getattr(image.get(name), "ndim", None) != (2 if name == "boxes" else 1):
                return f"no {name} of shape {'[K, 4]' if name == 'boxes' else '[K]'} in an image"
    return None


def compare_image(
    expected: Image,
    got: Image,
    options: Dict[str, Any],
    found: Dict[str, Any],
    outputs: Dict[str, Any],
) -> List[Problem]:
    """What is wrong with one image; adds its counts to `found` and its deviations to `outputs`."""
    if list(got) != list(expected):
        return [("structure", f"outputs {', '.join(got)}, expected {', '.join(expected)}")]
    shapes = [
        (name, mismatch(name, expected[name], got[name], skip_first=True)) for name in expected
    ]
    problems: List[Problem] = [(name, problem) for name, problem in shapes if problem]
    lengths = {name: len(got[name]) for name in got}
    if len(set(lengths.values())) > 1:
        problems.append(("structure", f"as many of each output expected, got {lengths}"))
    problems += [(name, f"{name}: {n} values are NaN") for name, n in _nan_counts(got) if n]
    if problems:
        return problems
    pairs = match(expected, got)
    missing = sorted(set(range(len(expected["boxes"]))) - {i for i, _ in pairs})
    extra = sorted(set(range(len(got["boxes"]))) - {j for _, j in pairs})
    found["matched"] += len(pairs)
    found["missing"] += len(missing)
    found["extra"] += len(extra)
    for what, image, unmatched in (("missing", expected, missing), ("extra", got, extra)):
        scores = [float(image["scores"][k]) for k in unmatched]
        excused = [score for score in scores if _at_threshold(score, image, options)]
        if excused:
            found["notes"].append(f"{len(excused)} {what} within tolerance of the score threshold")
        if len(excused) < len(scores):
            problems.append(
                (what, f"{len(scores) - len(excused)} of {len(image['boxes'])} detections {what}")
            )
    if problems and len(match(expected, _swapped(got))) > len(pairs):
        problems.append(("boxes", "more boxes match with x and y swapped"))
    rows, columns = [i for i, _ in pairs], [j for _, j in pairs]
    for name in expected:
        wanted, matched = expected[name][rows], got[name][columns]
        if name == "masks" and options.get("mask_iou") is not None:
            deviation, wrong = compare_masks(wanted, matched, options["mask_iou"])
        else:
            deviation, wrong = compare_values(name, KINDS.get(name, "values"), wanted, matched)
        outputs[name] = widest(outputs.get(name, {}), deviation)
        problems += [(name, problem) for problem in wrong]
    return problems


def _nan_counts(image: Image) -> List[Tuple[str, int]]:
    return [(name, int((array != array).sum())) for name, array in image.items()]


def match(expected: Image, got: Image) -> Pairs:
    """Pairs (i, j) of detections of the same class, greedily by overlap, each index at most once.

    Boxes that agree within tolerance overlap wholly, even without an area: a detector may clip a
    box to a line at the border of the image.
    """
    import numpy as np

    overlap = _overlaps(expected["boxes"], got["boxes"])
    if "labels" in expected:
        overlap[expected["labels"][:, None] != got["labels"][None, :]] = 0
    pairs: Pairs = []
    rows, columns = set(), set()
    for flat in np.argsort(-overlap, axis=None, kind="stable"):
        i, j = divmod(int(flat), overlap.shape[1])
        if overlap[i, j] < MIN_OVERLAP:
            break
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            pairs.append((i, j))
    return sorted(pairs)


def _overlaps(a: Any, b: Any) -> Any:
    """Intersection over union of boxes [N, 4] and [M, 4], 1 where they agree: float64 [N, M]."""
    import numpy as np

    allowed = tolerance("boxes", str(a.dtype)).scale * float(np.abs(a).max(initial=0.0))
    a, b = a.astype(np.float64)[:, None], b.astype(np.float64)[None, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    with np.errstate(all="ignore"):
        shared = np.clip(sides, 0, None).prod(-1)
        areas = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (a, b)]
        overlap = np.nan_to_num(shared / (areas[0] + areas[1] - shared))
    overlap[(np.abs(a - b) <= allowed).all(-1)] = 1.0
    return overlap


def compare_masks(reference: Any, actual: Any, least: float) -> Findings:
    """The deviation of masks [K, ...], pair by pair, by their intersection over union.

    For two maps of probabilities it is sum(min(a, b)) / sum(max(a, b)), for binary masks the usual
    ratio; it is 1 where both are empty. Pixels outside of both objects do not count, so the size of
    the image does not matter. A pixel counts by how far it differs: a shift of the mask by one
    pixel counts along the whole border.
    """
    import numpy as np

    found, wrong = compare_values("masks", "masks", reference, actual)
    if "max_abs" not in found:
        return found, wrong
    axes = tuple(range(1, reference.ndim))
    a, b = reference.astype(np.float64), actual.astype(np.float64)
    # This is min / max where nothing is negative. Values of opposite signs do not overlap.
    union = np.maximum(np.abs(a), np.abs(b)).sum(axes)
    lost = np.abs(a - b).sum(axes) / np.where(union > 0, union, 1)
    worst = float(lost.max(initial=0.0))
    found = {"max_abs": found["max_abs"], "max_rel": worst, "min_iou": 1 - worst, "required": least}
    below = int((~(1 - lost >= least)).sum())  # NaN counts as below
    if not below:
        return found, []
    said = f"{below} of {len(lost)} overlap by less than {least:g} (the worst by {1 - worst:.4f})"
    return found, [f"masks: {said}"]


def _at_threshold(score: float, image: Image, options: Dict[str, Any]) -> bool:
    """Whether `score` is so near the threshold that rounding decides which side it falls on."""
    threshold = options.get("score_threshold")
    if threshold is None:
        return False
    allowed = tolerance("scores", str(image["scores"].dtype))
    return bool(abs(score - threshold) <= allowed.scale + allowed.relative * threshold)


def _swapped(image: Image) -> Image:
    return {**image, "boxes": image["boxes"][:, [1, 0, 3, 2]]}


def widest(first: Dict[str, Any], second: Dict[str, Any]) -> Dict[str, Any]:
    """Merge the figures of two deviations of one output: counts are added, a `min_...` is the lower
    one, any other figure is the larger one."""
    both = {**first, **second}
    for key in set(first) & set(second):
        choose = sum if key in COUNTS else min if key.startswith("min_") else max
        both[key] = choose([first[key], second[key]])
    return both
