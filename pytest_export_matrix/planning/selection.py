"""Choosing among the cells of a matrix. Pure."""

from __future__ import annotations

import fnmatch
from typing import (
    Dict,
    Hashable,
    List,
    Mapping,
    Sequence,
)

from pytest_export_matrix.vocabulary.cells import AXES, Cell
from pytest_export_matrix.vocabulary.errors import UsageError, unknown


def shard(cells: Sequence[Cell], groups: Sequence[Hashable], part: int, parts: int) -> List[Cell]:
    """The cells of shard `part` of `parts`, counted from 1. `groups` holds the group of each cell;
    cells of one group share a shard.

    Groups stay in order, so that an architecture is built in few shards. All cells are laid end to
    end and cut into equal lengths; a group goes to the length that its middle falls into.
    """
    members: Dict[Hashable, List[Cell]] = {}
    for cell, group in zip(cells, groups):
        members.setdefault(group, []).append(cell)
    picked, before = set(), 0
    for together in members.values():
        if (2 * before + len(together)) * parts // (2 * len(cells)) == part - 1:
            picked.update(together)
        before += len(together)
    return [cell for cell in cells if cell in picked]


def select(
    cells: Sequence[Cell], expressions: Sequence[str], option: str = "--export-matrix-select"
) -> List[Cell]:
    """The cells that one of the `expressions` picks, in order; all of them without expressions.

    An expression is `axis=glob,axis=glob`: every axis that it names must match; globs of one axis
    are alternatives. Raises UsageError for an unknown axis, a glob that matches no value of its
    axis, or an expression that picks no cell.
    """
    if not expressions:
        return list(cells)
    values = {axis: sorted({getattr(cell, axis) for cell in cells}) for axis in AXES}
    picked = set()
    for expression in expressions:
        wanted = _parse(f"{option} {expression!r}", expression, values)
        matching = [
            cell
            for cell in cells
            if all(_matches(getattr(cell, axis), globs) for axis, globs in wanted.items())
        ]
        if not matching:
            raise UsageError(
                f"{option} {expression!r}",
                "picks no cell: these values do not go together",
                remedy="pytest --export-matrix --collect-only lists the cells",
            )
        picked.update(matching)
    return [cell for cell in cells if cell in picked]


def _parse(
    asked: str, expression: str, values: Mapping[str, Sequence[str]]
) -> Dict[str, List[str]]:
    wanted: Dict[str, List[str]] = {}
    for term in expression.split(","):
        axis, equals, glob = (part.strip() for part in term.partition("="))
        if not equals or not glob:
            raise UsageError(
                asked, f"{term!r} is not axis=value", remedy=f"axes: {', '.join(AXES)}"
            )
        if axis not in AXES:
            raise unknown(asked, "axis", axis, AXES)
        if not any(fnmatch.fnmatchcase(value, glob) for value in values[axis]):
            raise unknown(asked, axis, glob, values[axis])
        wanted.setdefault(axis, []).append(glob)
    return wanted


def _matches(value: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, glob) for glob in globs)
