"""How answers are compared: one file an output kind, one table of tolerances.

A comparison is a pure function (reference, actual, options) -> deviation, where reference and
actual are trees of numpy arrays and deviation is JSON:

    {"outputs": {name: {"max_abs", "max_rel", "allowed", ...}}, "problems": [text, ...],
     "deviating": [name, ...], "matched": n, "missing": n, "extra": n, "notes": [text, ...]}

It is equal within tolerance if and only if `problems` is empty. `deviating` says what the problems
are about: names of outputs, or "missing", "extra", "structure". The three counts belong to kinds
whose outputs are sets of objects.
"""

from __future__ import annotations

from typing import Optional

from pytest_export_matrix.registry import OutputKind


def Detections(score_threshold: Optional[float] = None) -> OutputKind:  # noqa: N802
    """Objects found in each image: a list with one dict of boxes, labels, scores (and masks,
    keypoints) an image. `score_threshold` is the one that the model applies: a detection may be
    missing or extra only where its score lies within tolerance of it."""
    options = {"score_threshold": score_threshold}
    return OutputKind("detections", "pytest_export_matrix.compare.detections:compare", options)


def Tensors() -> OutputKind:  # noqa: N802
    """Any tensors, compared element by element: a classifier, a backbone."""
    return OutputKind("tensors", "pytest_export_matrix.compare.tensors:compare")


OUTPUT_KINDS = (Detections(), Tensors())
