"""In which order a file is asked, so that state which one call leaves to the next shows. Pure."""

from __future__ import annotations

from typing import List, Sequence

from pytest_export_matrix.planning.recipes import Case


def calls(cases: Sequence[Case]) -> List[int]:
    """Which of `cases` each call asks about: each of them in order, then some again.

    The first one is asked again after the others: A, B, A. Where sizes differ, the largest one, the
    smallest and the largest are asked at last. That is an A, B, A as well, and a call is left out
    where the order ends with it anyway.
    """
    planned = list(range(len(cases)))
    pixels = [sum(height * width for height, width in case.sizes) for case in cases]
    large, small = pixels.index(max(pixels)), pixels.index(min(pixels))
    wanted = [0] if large == small else [large, small, large]
    held = max(n for n in range(len(wanted)) if planned[len(planned) - n :] == wanted[:n])
    return planned + wanted[held:]
