"""Combine results files of one matrix, from several shards or machines. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, NamedTuple, Sequence, Set, Tuple

from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results, Versions
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import ResultsError
from pytest_export_matrix.vocabulary.outcomes import Sight


class Conflict(NamedTuple):
    """A cell that ended differently in two files; `kept` is the ending that did not pass."""

    cell: Cell
    kept: str
    other: str


class Combined(NamedTuple):
    """`missing` names the shards, such as "2/3", that the files lack."""

    results: Results
    conflicts: List[Conflict]
    missing: List[str]


def combine(files: Sequence[Tuple[str, Results]]) -> Combined:
    """Combine `files` (name, results) into the results of the one matrix that all are parts of.

    A cell that is unavailable in one file takes the result of another. Where two results differ, it
    keeps the one that did not pass. Raises ResultsError for files of different matrices.
    """
    matrix = _matrix(files)
    environments: Dict[str, Versions] = {}
    cells: Dict[Cell, Result] = {}
    conflicts = []
    for _, results in files:
        names = _add_environments(environments, results.environments)
        for result in results.cells:
            found = replace(result, environment=names.get(result.environment, result.environment))
            before = cells.get(result.cell)
            if before is None or before.absent:
                cells[result.cell] = found
            elif not found.absent and not _same(before, found):
                kept, other = (found, before) if before.passed else (before, found)
                cells[result.cell] = kept
                conflicts.append(Conflict(result.cell, kept.ending, other.ending))
    whole = [results for _, results in files]
    sights = _sights(whole)
    for result in cells.values():
        result.sight = sights.get(result.cell.architecture)
    combined = Results(
        planned=_planned(matrix, whole, len(cells)),
        cells=list(cells.values()),
        started=min(results.started for results in whole),
        seconds=sum(results.seconds for results in whole),
        environments=environments,
        matrix=matrix,
        axes=whole[0].axes,
    )
    return Combined(combined, conflicts, _missing_shards(whole))


def _planned(matrix: Matrix, files: Sequence[Results], found: int) -> int:
    """The whole matrix, if it was asked for, in one file or in shards. Otherwise the files are
    selections: what they have, and what each of them lacks."""
    if any(results.shard or results.planned == matrix.cells for results in files):
        return matrix.cells
    lacking = sum(results.planned - len(results.cells) for results in files)
    return min(found + lacking, matrix.cells)


def _matrix(files: Sequence[Tuple[str, Results]]) -> Matrix:
    first, (name, results) = files[0][1].matrix, files[0]
    for other, found in files:
        if found.matrix is None:
            problem = "it does not say which matrix it belongs to"
            raise ResultsError(f"results file {other}", problem, remedy="run that matrix again")
        if found.matrix != first:
            raise ResultsError(
                f"results file {other}",
                f"it is of another matrix than {name}: {_difference(results, found)}",
                remedy="combine what was run from the same registrations and the same profile; "
                "export-matrix diff compares two that differ",
            )
    assert first is not None
    return first


def _difference(one: Results, other: Results) -> str:
    assert one.matrix is not None and other.matrix is not None
    if one.matrix.profile != other.matrix.profile:
        return f"profile {other.matrix.profile}, not {one.matrix.profile}"
    texts = []
    for axis in one.axes:
        here, there = set(one.axes[axis]), set(other.axes.get(axis, []))
        texts += [f"{axis} {value} is only in one of them" for value in sorted(here ^ there)]
    counts = f"{other.matrix.cells} cells, not {one.matrix.cells}"
    return "; ".join(texts[:3]) or counts


def _add_environments(known: Dict[str, Versions], more: Mapping[str, Versions]) -> Dict[str, str]:
    """Add `more` to `known`. Returns {name in `more`: name in `known`}."""
    names = {}
    for name, described in more.items():
        free, number = name, 2
        while known.get(free, described) != described:
            free, number = f"{name}-{number}", number + 1
        known[free] = described
        names[name] = free
    return names


def _sights(files: Sequence[Results]) -> Dict[str, Sight]:
    """What the inputs of an architecture see in all files together."""
    sights: Dict[str, Sight] = {}
    for results in files:
        for name, sight in results.sights.items():
            sights[name] = sights[name].beside(sight) if name in sights else sight
    return sights


def _same(one: Result, other: Result) -> bool:
    return one.ending == other.ending


def _missing_shards(files: Sequence[Results]) -> List[str]:
    seen: Dict[str, Set[str]] = {}
    for results in files:
        if results.shard:
            part, _, parts = results.shard.partition("/")
            seen.setdefault(parts, set()).add(part)
    return [
        f"{part}/{parts}"
        for parts, found in seen.items()
        for part in map(str, range(1, int(parts) + 1))
        if part not in found
    ]
