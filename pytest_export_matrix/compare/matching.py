"""Which detections of two answers belong together: see `compare.detections`."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

MIN_OVERLAP = 0.5
#: Boxes are at the same place where they differ by no more than this share of the largest
#: coordinate. It only pairs detections; their values are compared afterwards.
SAME_PLACE = 1e-4
#: Overlaps that differ by less are alike: then scores decide which detections belong together.
SAME_OVERLAP = 1e-3

Image = Dict[str, Any]
Pairs = List[Tuple[int, int]]


def match(expected: Image, got: Image) -> Pairs:
    """Pairs (i, j) of detections of the same class, greedily by overlap, each index at most once.

    Boxes at the same place overlap wholly, even without an area: a detector may clip a box to a
    line at the border of the image.
    """
    import numpy as np

    overlap = overlaps(expected, got)
    steps = np.round(overlap / SAME_OVERLAP)
    with np.errstate(invalid="ignore"):
        apart = np.abs(expected["scores"][:, None].astype(np.float64) - got["scores"][None, :])
    pairs: Pairs = []
    rows, columns = set(), set()
    for flat in np.lexsort((apart.ravel(), -steps.ravel())):
        i, j = divmod(int(flat), overlap.shape[1])
        if overlap[i, j] < MIN_OVERLAP:
            break
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            pairs.append((i, j))
    return sorted(pairs)


def overlaps(expected: Image, got: Image) -> Any:
    """Intersection over union of each two boxes, 0 where the classes differ, 1 where boxes are at
    the same place: float64 [K, L]."""
    import numpy as np

    a, b = expected["boxes"], got["boxes"]
    close = SAME_PLACE * float(np.abs(a).max(initial=0.0))
    a, b = a.astype(np.float64)[:, None], b.astype(np.float64)[None, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    with np.errstate(all="ignore"):
        shared = np.clip(sides, 0, None).prod(-1)
        areas = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (a, b)]
        overlap = np.nan_to_num(shared / (areas[0] + areas[1] - shared))
    overlap[(np.abs(a - b) <= close).all(-1)] = 1.0
    if "labels" in expected:
        overlap[expected["labels"][:, None] != got["labels"][None, :]] = 0
    return overlap
