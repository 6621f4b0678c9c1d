"""Detections: matched image by image, one to one, then compared pair by pair.

Matching is by class and intersection over union, as in the evaluation of Pascal VOC (Everingham et
al., 2010), but between two models' answers: the pairs of one class are taken in order of falling
overlap, each detection once, down to an overlap of one half. Non-maximum suppression leaves no two
detections of a class that overlap more, so an equal answer has exactly one such pairing. Where
boxes are alike all the same, the scores decide.

Rounding can decide whether there is a detection at all. One may be missing or extra where its score
lies within tolerance of the threshold, and where eager's own answers disagree about it, as they may
at the end of a full list.
"""

from __future__ import annotations

import collections
from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from pytest_export_matrix.compare.arrays import Findings, compare_values, misfit, other_shape
from pytest_export_matrix.compare.matching import Image, match
from pytest_export_matrix.compare.noise import Noise
from pytest_export_matrix.compare.unsure import excuse, join, measure_image

COUNTS = ("matched", "missing", "extra")

#: What is wrong: the output it is about (or "missing", "extra", "structure"), and the text.
Problem = Tuple[str, str]


class Around(NamedTuple):
    """What the comparison of an image needs beside the image, number `image` of its batch."""

    options: Dict[str, Any]
    noise: Optional[Noise]
    image: int

    def compare(self, name: str, reference: Any, actual: Any, rows: Any = slice(None)) -> Findings:
        """Compare rows of an output; see `compare_values`."""
        measured = self.noise.of(name, self.image) if self.noise else None
        if measured is not None:
            measured = replace(
                measured,
                noise=measured.noise[rows],
                shift=measured.shift[rows],
                moves=measured.moves[rows],
            )
        return compare_values(name, reference[rows], actual, self.noise, measured)

    def excuse(self, what: str, row: int, expected: Image, got: Image) -> str:
        """Why a detection may be missing or extra; see `unsure.excuse`."""
        threshold = self.options.get("score_threshold")
        return excuse(what, row, expected, got, threshold, self.noise, self.image)


def compare(
    reference: Any, actual: Any, options: Dict[str, Any], noise: Optional[Noise] = None
) -> Dict[str, Any]:
    """Deviation of two lists of images; see `pytest_export_matrix.compare`.

    An image is a dict of arrays of K detections: boxes float [K, 4] as (x1, y1, x2, y2), scores
    float [K], and where the model has them labels int [K], masks [K, 1, H, W], keypoints
    [K, P, 3]. The numbers of images and of outputs are checked before any value.
    """
    return by_image(reference, actual, Around(options, noise, 0), not_detections, compare_image)


def measure_answers(
    reference: Any, others: Sequence[Any], truth: Optional[Any], options: Dict[str, Any]
) -> Noise:
    """The noise of eager's answer to one case, given its other answers and the float64 one."""
    return join(
        [
            measure_image(image, [each[i] for each in others], truth and truth[i], list(image))
            for i, image in enumerate(reference)
        ]
    )


def by_image(
    reference: Any,
    actual: Any,
    around: Around,
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
        there = around._replace(image=index)
        for about, problem in compare_one(expected, got, there, found, outputs):
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
    around: Around,
    found: Dict[str, Any],
    outputs: Dict[str, Any],
) -> List[Problem]:
    """What is wrong with one image; adds its counts to `found` and its deviations to `outputs`."""
    if list(got) != list(expected):
        return [("structure", f"outputs {', '.join(got)}, expected {', '.join(expected)}")]
    shapes = [
        (name, other_shape(name, expected[name], got[name], skip_first=True)) for name in expected
    ]
    problems: List[Problem] = [(name, problem) for name, problem in shapes if problem]
    lengths = {name: len(got[name]) for name in got}
    if len(set(lengths.values())) > 1:
        problems.append(("structure", f"as many of each output expected, got {lengths}"))
    problems += [(name, f"{name}: {n} values are NaN") for name, n in _nan_counts(got) if n]
    if problems:
        return problems
    pairs = match(expected, got)
    problems = _unmatched(expected, got, pairs, around, found)
    if problems and len(match(expected, _swapped(got))) > len(pairs):
        problems.append(("boxes", "more boxes match with x and y swapped"))
    rows, columns = [i for i, _ in pairs], [j for _, j in pairs]
    for name in expected:
        matched = got[name][columns]
        if name == "masks" and around.options.get("mask_iou") is not None:
            deviation, wrong = compare_masks(
                expected[name][rows], matched, around.options["mask_iou"]
            )
        else:
            deviation, wrong = around.compare(name, expected[name], matched, rows)
        outputs[name] = widest(outputs.get(name, {}), deviation)
        problems += [(name, problem) for problem in wrong]
    return problems


def _unmatched(
    expected: Image,
    got: Image,
    pairs: Sequence[Tuple[int, int]],
    around: Around,
    found: Dict[str, Any],
) -> List[Problem]:
    """What is wrong with the detections that have no counterpart; adds the counts to `found`."""
    found["matched"] += len(pairs)
    problems: List[Problem] = []
    for what, image, side in (("missing", expected, 0), ("extra", got, 1)):
        alone = sorted(set(range(len(image["boxes"]))) - {pair[side] for pair in pairs})
        found[what] += len(alone)
        excuses = collections.Counter(around.excuse(what, k, expected, got) for k in alone)
        wrong = excuses.pop("", 0)
        found["notes"] += [f"{count} {what} {why}" for why, count in excuses.items()]
        if wrong:
            problems.append((what, f"{wrong} of {len(image['boxes'])} detections {what}"))
    return problems


def _nan_counts(image: Image) -> List[Tuple[str, int]]:
    return [(name, int((array != array).sum())) for name, array in image.items()]


def compare_masks(reference: Any, actual: Any, least: float) -> Findings:
    """The deviation of masks [K, ...], pair by pair, by their intersection over union.

    For two maps of probabilities it is sum(min(a, b)) / sum(max(a, b)), for binary masks the usual
    ratio; it is 1 where both are empty. Pixels outside of both objects do not count, so the size of
    the image does not matter. A pixel counts by how far it differs: a shift of the mask by one
    pixel counts along the whole border.
    """
    import numpy as np

    axes = tuple(range(1, reference.ndim))
    a, b = reference.astype(np.float64), actual.astype(np.float64)
    odd = int((~np.isfinite(b)).sum())
    if odd:
        return {"not_finite": odd}, [f"masks: {odd} of {b.size} values are NaN or infinite"]
    # This is min / max where nothing is negative. Values of opposite signs do not overlap.
    union = np.maximum(np.abs(a), np.abs(b)).sum(axes)
    distance = np.abs(a - b)
    lost = distance.sum(axes) / np.where(union > 0, union, 1)
    worst = float(lost.max(initial=0.0))
    found = {
        "max_abs": float(distance.max(initial=0.0)),
        "max_rel": worst,
        "min_iou": 1 - worst,
        "least_iou": least,
    }
    below = int((~(1 - lost >= least)).sum())  # NaN counts as below
    if not below:
        return found, []
    said = f"{below} of {len(lost)} overlap by less than {least:g} (the worst by {1 - worst:.4f})"
    return found, [f"masks: {said}"]


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
