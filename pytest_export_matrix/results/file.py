"""Write and read the results file. Nothing else does.

Format 1 is the first.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

from pytest_export_matrix.machine.json_files import Format, convert
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results, Versions
from pytest_export_matrix.vocabulary.cells import AXES, NAME, PLAIN, PREPARED
from pytest_export_matrix.vocabulary.errors import ResultsError
from pytest_export_matrix.vocabulary.outcomes import Sight, Stage

FORMAT = Format(
    "results file",
    1,
    ResultsError,
    "remove the file and run pytest --export-matrix again, which writes a new one",
)
FILENAME = "results.json"
SHARD = re.compile(r"[1-9]\d{0,3}/[1-9]\d{0,3}\Z")


def dumps(results: Results) -> str:
    """The text of a results file: sorted, one cell a line."""
    return "".join(pieces(results))


def pieces(results: Results) -> Iterator[str]:
    """The same, a cell at a time: there may be many, and as a row each takes kilobytes."""
    head = {
        "format_version": FORMAT.newest,
        "complete": results.complete,
        "started": results.started,
        "seconds": round(results.seconds, 1),
        "planned": results.planned,
        "counts": results.counts,
        "matrix": results.matrix and asdict(results.matrix),
        "shard": results.shard,
        "environments": {k: asdict(v) for k, v in results.environments.items()},
    }
    cells = sorted(results.cells, key=lambda result: result.cell.id)
    axes = _lines(results.axes)
    sights = _lines({name: asdict(sight) for name, sight in results.sights.items()})
    opening = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    yield f'{opening},\n "axes": {axes},\n "sights": {sights},\n "cells": ['
    for number, result in enumerate(cells):
        yield f"{',' if number else ''}\n{_line(result)}"
    yield "\n]}\n"


def _line(result: Result) -> str:
    row = result.row()
    for name in ("seconds", "latency"):
        row[name] = {key: round(value, 3) for key, value in row[name].items()}
    return json.dumps(row, ensure_ascii=False)


def _lines(values: Mapping[str, Any]) -> str:
    """A JSON object, one key a line."""
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in values.items())
    return f"{{\n{lines}\n }}" if lines else "{}"


def loads(text: str, name: str) -> Results:
    """The inverse of `dumps`. Raises ResultsError for what is no results file of this version."""
    return FORMAT.loads(text, name, _build)


def load(path: Path) -> Results:
    """Read a results file. Raises ResultsError, also where there is none."""
    return FORMAT.load(path, _build)


@dataclass
class _File:
    """A results file as it is written."""

    planned: int
    cells: List[Dict[str, Any]]
    started: str
    seconds: float
    environments: Dict[str, Versions]
    complete: bool
    counts: Dict[str, int]
    matrix: Optional[Matrix] = None
    shard: Optional[str] = None
    axes: Dict[str, List[str]] = field(default_factory=dict)
    sights: Dict[str, Sight] = field(default_factory=dict)


def _build(data: Dict[str, Any]) -> Results:
    """Raises ValueError, also for values of the right types that contradict each other."""
    file = convert(data, _File)
    if file.shard is not None and not SHARD.match(file.shard):
        raise ValueError(f"shard is {file.shard!r}")
    results = Results(
        planned=file.planned,
        cells=[_result(row, file.sights) for row in file.cells],
        started=file.started,
        seconds=file.seconds,
        environments=file.environments,
        matrix=file.matrix,
        shard=file.shard,
        axes={axis: values for axis, values in file.axes.items() if axis in AXES},
    )
    if len({result.cell for result in results.cells}) < len(results.cells):
        raise ValueError("a cell is in it twice")
    matrix, cells = results.matrix, [result.cell for result in results.cells]
    if matrix and len(cells) == matrix.cells and matrix != Matrix.of(cells, matrix.profile):
        raise ValueError("its cells are not those of the matrix that it names")
    if (results.complete, results.counts) != (file.complete, file.counts):
        raise ValueError("its counts do not fit its cells: truncated or edited")
    return results


def _result(row: Mapping[str, Any], sights: Mapping[str, Sight]) -> Result:
    result = Result.from_row(row)
    result.sight = sights.get(result.cell.architecture)
    for value in result.cell.axes.values():
        if not NAME.match(value):
            raise ValueError(f"no name for a value of an axis: {value!r}")
    if result.cell.preparation not in (PLAIN, PREPARED):
        raise ValueError(f"unknown preparation {result.cell.preparation!r}")
    if row.get("id") != result.cell.id:
        raise ValueError(f"cell {result.cell.id} has the id {row.get('id')!r}")
    at_the_end = result.stage in (None, Stage.COMPARE)
    if result.passed and (result.flaky or result.deviating or not at_the_end):
        raise ValueError(f"cell {result.cell.id} is said to have passed, and to be {result.ending}")
    return result
