"""Choose a detector's score threshold so that no detection depends on rounding."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple


def clear_threshold(found: Sequence[Any], ranks: Tuple[int, int]) -> Optional[float]:
    """A threshold that leaves a few detections and has no score near it.

    `found` holds the scores of each picture: torch tensors, float [N], best first. The picture with
    the highest scores in the slice `ranks` counts, and the threshold lies in the widest gap of that
    slice. None where it holds fewer than two.
    """
    scores = max((each[slice(*ranks)] for each in found), key=lambda each: float(each.sum()))
    if len(scores) < 2:
        return None
    widest = int((scores[:-1] - scores[1:]).argmax())
    return round(float(scores[widest] + scores[widest + 1]) / 2, 6)
