"""What does not work, each failure once: in which cells, how it ends, what it says. Pure.

Cells that end alike for the same reason are one failure. Reasons that differ in figures alone are
the same reason; the figures that differ are shown as N.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from pytest_export_matrix.cells import AXES, Cell
from pytest_export_matrix.outcomes import Result

FIGURE = re.compile(r"(\d+(?:\.\d+)?)")
ANY_FIGURE = "N"

#: For each axis the values of the cells meant; an axis that is left out means all of its values.
Box = Dict[str, List[str]]


@dataclass(frozen=True)
class Limit:
    """One failure of `number` cells; `where` describes exactly those among all that were run."""

    where: str
    number: int
    ending: str
    reason: str


def limits(results: Sequence[Result]) -> List[Limit]:
    """The failures in `results`, in order of their first cell."""
    ran = [result for result in results if not result.absent]
    alike: Dict[Tuple[str, ...], List[Result]] = {}
    for result in ran:
        if not result.passed:
            words = FIGURE.split(result.headline)[::2]
            alike.setdefault((result.ending, *words), []).append(result)
    universe = [result.cell for result in ran]
    return [
        Limit(
            where([result.cell for result in found], universe),
            len(found),
            key[0],
            template([result.headline for result in found]),
        )
        for key, found in alike.items()
    ]


def template(texts: Sequence[str]) -> str:
    """One text for several that differ in figures alone."""
    parts = zip(*(FIGURE.split(text) for text in texts))
    return "".join(each[0] if len(set(each)) == 1 else ANY_FIGURE for each in parts)


def where(cells: Sequence[Cell], universe: Sequence[Cell]) -> str:
    """Words for exactly these `cells` of the `universe`."""
    texts = [
        ", ".join(f"{axis}={' or '.join(values)}" for axis, values in box.items())
        for box in boxes(cells, universe)
    ]
    return "; ".join(text or "all" for text in texts)


def boxes(cells: Sequence[Cell], universe: Sequence[Cell]) -> List[Box]:
    """Boxes that hold all `cells` and no other cell of the `universe`."""
    return [_shortened(box, universe) for box in _split(cells, universe)]


def _split(cells: Sequence[Cell], universe: Sequence[Cell]) -> List[Box]:
    box = {axis: _values(cells, axis) for axis in AXES}
    inside = _inside(box, universe)
    if len(inside) == len(cells):
        return [box]
    # Not a box: cut it along the axis that leaves the fewest parts. Values with the same cells
    # beside them stay in one part; if no axis had two parts, this would be a box.
    cuts = [_parts(cells, inside, axis) for axis in AXES]
    best = min((parts for parts in cuts if len(parts) > 1), key=len)
    return [box for part, among in best for box in _split(part, among)]


def _shortened(box: Box, universe: Sequence[Cell]) -> Box:
    """The box without the axes that take no cell away: a format may imply its runtime."""
    number = len(_inside(box, universe))
    for axis in reversed(AXES):
        rest = {name: values for name, values in box.items() if name != axis}
        if len(_inside(rest, universe)) == number:
            box = rest
    return box


def _inside(box: Box, universe: Sequence[Cell]) -> List[Cell]:
    return [
        cell for cell in universe if all(cell.axes[axis] in values for axis, values in box.items())
    ]


def _parts(
    cells: Sequence[Cell], universe: Sequence[Cell], axis: str
) -> List[Tuple[List[Cell], List[Cell]]]:
    """Cells and universe in parts along `axis`; values whose cells are the same otherwise go
    together."""
    alike: Dict[object, List[str]] = {}
    for value in _values(universe, axis):
        key = frozenset(_others(c, axis) for c in cells if c.axes[axis] == value)
        alike.setdefault(key, []).append(value)
    return [
        (
            [cell for cell in cells if cell.axes[axis] in values],
            [cell for cell in universe if cell.axes[axis] in values],
        )
        for values in alike.values()
    ]


def _others(cell: Cell, axis: str) -> Tuple[str, ...]:
    return tuple(value for name, value in cell.axes.items() if name != axis)


def _values(cells: Sequence[Cell], axis: str) -> List[str]:
    return list(dict.fromkeys(cell.axes[axis] for cell in cells))
