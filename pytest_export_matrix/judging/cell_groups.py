"""Words for a set of cells, by what they have in common. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Tuple

from pytest_export_matrix.results.changes import KINDS, Change, Summary
from pytest_export_matrix.vocabulary.cells import AXES, Cell

#: For each axis the values of the cells meant; an axis that is left out means all of its values.
Box = Dict[str, List[str]]
#: The axes that say least, first: they are left out where others say the same.
LEAST_TELLING = (
    *("preparation", "device", "batch", "resolution"),
    *("format", "method", "runtime", "architecture"),
)


def describe_cells(cells: Sequence[Cell], universe: Sequence[Cell]) -> str:
    """Words for exactly these `cells` of the `universe`."""
    return "; ".join(map(words, cover(cells, universe)))


def words(box: Box) -> str:
    terms = (f"{axis}={' or '.join(values)}" for axis, values in box.items())
    return ", ".join(terms) or "all"


def cover(
    cells: Sequence[Cell], universe: Sequence[Cell], named_among: Sequence[Cell] = ()
) -> List[Box]:
    """Boxes that hold all `cells` and no other cell of the `universe`.

    An axis is left out where that makes no difference among the cells of `named_among`, by default
    those of the universe.
    """
    return [_shortened(box, named_among or universe) for box in _split(cells, universe)]


def _split(cells: Sequence[Cell], universe: Sequence[Cell]) -> List[Box]:
    box = {axis: _values(cells, axis) for axis in AXES}
    among = inside(box, universe)
    if len(among) == len(cells):
        return [box]
    # Not a box: cut it along the axis that leaves the fewest parts. Values with the same cells
    # beside them stay in one part; if no axis had two parts, this would be a box.
    cuts = [_parts(cells, among, axis) for axis in AXES]
    best = min((parts for parts in cuts if len(parts) > 1), key=len)
    return [box for part, rest in best for box in _split(part, rest)]


def _shortened(box: Box, universe: Sequence[Cell]) -> Box:
    """The box without the axes that take no cell away: a format may imply its runtime."""
    number = len(inside(box, universe))
    for axis in LEAST_TELLING:
        rest = {name: values for name, values in box.items() if name != axis}
        if len(inside(rest, universe)) == number:
            box = rest
    return box


def inside(box: Box, universe: Sequence[Cell]) -> List[Cell]:
    """The cells of the `universe` that the box holds."""
    return [
        cell for cell in universe if all(cell.axes[axis] in values for axis, values in box.items())
    ]


def _parts(
    cells: Sequence[Cell], universe: Sequence[Cell], axis: str
) -> List[Tuple[List[Cell], List[Cell]]]:
    """Cut cells and universe into parts along `axis`. Values whose cells differ only in that axis
    stay together."""
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


def summarize(
    changes: Sequence[Change],
    eligible: Mapping[str, Sequence[Cell]],
    everything: Sequence[Cell],
) -> List[Summary]:
    """Summaries of the changes, by kind, worst first.

    `eligible` holds by kind the cells of `everything` that could have changed so. A summary fits
    only those of them that did.
    """
    found = []
    for kind in KINDS:
        cells = list(dict.fromkeys(change.cell for change in changes if change.kind == kind))
        for box in cover(cells, eligible.get(kind, cells), everything) if cells else []:
            covered = inside(box, cells)
            where = covered[0].id if len(covered) == 1 else words(box)
            found.append(Summary(kind, where, covered))
    return found
