"""Detections: matched image by image, one to one, then compared pair by pair.

Matching is by class and intersection over union, as in the evaluation of Pascal VOC (Everingham et
al., 2010), but between two models' answers: the pairs of one class are taken in order of falling
overlap, each detection once, down to an overlap of one half. Non-maximum suppression leaves no two
detections of a class that overlap more, so an equal answer has exactly one such pairing.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Set, Tuple

from pytest_export_matrix.compare.tolerances import compare_values, misfit, mismatch, tolerance

MIN_OVERLAP = 0.5
#: Outputs whose tolerance is their own; all others are compared as "values".
KINDS = {"boxes": "boxes", "scores": "scores", "masks": "masks", "keypoints": "keypoints"}

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
    found: Dict[str, Any] = {"matched": 0, "missing": 0, "extra": 0, "notes": []}
    problem = _not_detections(reference)
    if problem:
        return {**found, **misfit(f"the reference is no list of detections: {problem}")}
    problem = _not_detections(actual)
    if problem:
        return {**found, **misfit(f"no list of detections: {problem}")}
    if len(actual) != len(reference):
        return {**found, **misfit(f"answers for {len(actual)} of {len(reference)} images")}
    deviating: Set[str] = set()
    outputs: Dict[str, Any] = {}
    problems: List[str] = []
    for index, (expected, got) in enumerate(zip(reference, actual)):
        for about, problem in _compare_image(expected, got, options, found, outputs):
            problems.append(f"image {index}: {problem}")
            deviating.add(about)
    return {**found, "outputs": outputs, "problems": problems, "deviating": sorted(deviating)}


def _not_detections(answer: Any) -> Optional[str]:
    """Why `answer` is no list of images with boxes and scores, if it is not."""
    if not isinstance(answer, (list, tuple)) or not all(
        isinstance(image, dict) for image in answer
    ):
        return f"a {type(answer).__name__}, expected a list with one dict an image"
    for image in answer:
        for name in ("boxes", "scores"):
            if getattr(image.get(name), "ndim", None) != (2 if name == "boxes" else 1):
                return f"no {name} of shape {'[K, 4]' if name == 'boxes' else '[K]'} in an image"
    return None


def _compare_image(
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
        kind = KINDS.get(name, "values")
        deviation, wrong = compare_values(name, kind, expected[name][rows], got[name][columns])
        outputs[name] = widest(outputs.get(name, {}), deviation)
        problems += [(name, problem) for problem in wrong]
    return problems


def _nan_counts(image: Image) -> List[Tuple[str, int]]:
    return [(name, int((array != array).sum())) for name, array in image.items()]


def match(expected: Image, got: Image) -> Pairs:
    """Pairs (i, j) of detections of the same class, greedily by overlap, each index at most once.

    Boxes that agree within tolerance overlap wholly, however small their area: a detector may clip
    one to a line at the border of the image.
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
    """The larger of each figure of two deviations of one output."""
    return {key: max(first.get(key, 0), second.get(key, 0)) for key in {**first, **second}}
