"""Detections that rounding decides about: which they are, and when one may be missing or extra."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from pytest_export_matrix.compare.matching import MIN_OVERLAP, Image, match, overlaps
from pytest_export_matrix.compare.measuring import finds_others, measure
from pytest_export_matrix.compare.noise import MARGIN, Measured, Noise, rounding_of, units

#: What tells detections apart.
IDENTITY = ("boxes", "labels", "scores")
#: The outputs whose last dimension begins with so many coordinates of one thing. What rounding does
#: to one of them it could have done to the others, so the largest noise of them is that of all.
COORDINATES = {"boxes": 4, "keypoints": 2}


def measure_image(
    reference: Image, others: Sequence[Image], truth: Optional[Image], names: Sequence[str]
) -> Noise:
    """The noise of one image's detections, in the order of `reference`: for its outputs `names`,
    arrays [K, ...]. Every other answer is matched with it first."""
    import numpy as np

    count = len(reference["boxes"])
    doubtful: Any = np.zeros(count, bool)
    aligned: Dict[str, List[Any]] = {name: [] for name in names}
    exact: Dict[str, Any] = {}
    alone: List[Image] = []
    unmatched: List[int] = []
    for answer in (*others, *([] if truth is None else [truth])):
        pairs = match(reference, answer)
        rows, columns = [i for i, _ in pairs], [j for _, j in pairs]
        doubtful[sorted(set(range(count)) - set(rows))] = True
        rest = sorted(set(range(len(answer["boxes"]))) - set(columns))
        alone.append({name: answer[name][rest] for name in IDENTITY if name in answer})
        unmatched.append(count - len(pairs) + len(rest))
        for name in names:
            moved = reference[name].copy()
            # A mask of another size is another mask; the comparison of shapes says so.
            if answer[name].shape[1:] == moved.shape[1:]:
                moved = moved.astype(np.result_type(moved, answer[name]))
                moved[rows] = answer[name][columns]
            if answer is truth:
                exact[name] = moved
            else:
                aligned[name].append(moved)
    found = {name: [measure(reference[name], aligned[name], exact.get(name))] for name in names}
    if truth is not None and finds_others(unmatched, count):
        found["boxes"][0].another = True
    for name in COORDINATES.keys() & found.keys():
        for figures in (found[name][0].noise, found[name][0].moves):
            coordinates = figures[..., : COORDINATES[name]]
            coordinates[...] = coordinates.max(-1, keepdims=True, initial=0)
    others_alone = {
        name: np.concatenate([each[name] for each in alone])
        for name in IDENTITY
        if alone and name in alone[0]
    }
    return Noise(found, [doubtful], [others_alone])


def join(images: Sequence[Noise]) -> Noise:
    """The noise of a batch, given that of each of its images."""
    names = dict.fromkeys(name for each in images for name in each.outputs)
    outputs: Dict[str, List[Measured]] = {
        name: [measured for each in images for measured in each.outputs[name]] for name in names
    }
    return Noise(
        outputs,
        [flags for each in images for flags in each.doubtful],
        [found for each in images for found in each.others],
    )


def excuse(
    what: str,
    row: int,
    expected: Image,
    got: Image,
    threshold: Optional[float],
    noise: Optional[Noise],
    index: int,
) -> str:
    """Why a detection may be "missing" (a row of `expected`) or "extra" (of `got`), or ""."""
    image = expected if what == "missing" else got
    score = float(image["scores"][row])
    if threshold is not None and abs(score - threshold) <= tolerance_of_scores(
        expected, threshold, noise, index
    ):
        return "within tolerance of the score threshold"
    if noise is not None and index < len(noise.doubtful):
        if what == "missing" and noise.doubtful[index][row]:
            return "that eager itself finds only sometimes"
        one = {name: image[name][row : row + 1] for name in IDENTITY if name in image}
        others = noise.others[index]
        if what == "extra" and others and (overlaps(one, others) >= MIN_OVERLAP).any():
            return "that eager itself finds only sometimes"
    return ""


def tolerance_of_scores(
    expected: Image, threshold: float, noise: Optional[Noise], index: int
) -> float:
    """How far a score may be off: that of the median detection, at least that of the threshold."""
    import numpy as np

    scores = expected["scores"]
    rounding = rounding_of(scores.dtype, noise) * abs(threshold)
    if not len(scores):
        return MARGIN * rounding
    unit = units(scores, "scores", noise.of("scores", index) if noise else None, noise)
    finite = unit[np.isfinite(unit)]
    return MARGIN * max(rounding, float(np.median(finite)) if finite.size else 0.0)
