"""List each failure once: in which cells, how it ends, and its reason. Pure.

Cells that end alike for the same reason are one failure. Reasons that differ only in figures or in
keys of the cache are the same reason; these are then shown as N.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Tuple

from pytest_export_matrix.judging.cell_groups import describe_cells
from pytest_export_matrix.results.result import Result

FIGURE = re.compile(r"(\b[0-9a-f]{32}\b|\d+(?:\.\d+)?)")
ANY_FIGURE = "N"


@dataclass(frozen=True)
class Limit:
    """One failure of `number` cells; `where` describes exactly these among all cells that ran."""

    where: str
    number: int
    ending: str
    reason: str


def limits(
    results: Sequence[Result], shown: Callable[[Result], bool] = lambda result: not result.passed
) -> List[Limit]:
    """The failures of the results that `shown` picks, in order of their first cell."""
    ran = [result for result in results if not result.absent]
    alike: Dict[Tuple[str, ...], List[Result]] = {}
    for result in ran:
        if shown(result):
            words = FIGURE.split(result.headline)[::2]
            alike.setdefault((result.ending, *words), []).append(result)
    universe = [result.cell for result in ran]
    return [
        Limit(
            describe_cells([result.cell for result in found], universe),
            len(found),
            key[0],
            template([result.headline for result in found]),
        )
        for key, found in alike.items()
    ]


def template(texts: Sequence[str]) -> str:
    """One text for several that differ only in figures."""
    parts = zip(*(FIGURE.split(text) for text in texts))
    return "".join(each[0] if len(set(each)) == 1 else ANY_FIGURE for each in parts)
