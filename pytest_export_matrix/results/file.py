"""The results file: written and read here alone.

FORMAT_VERSION 1: the first.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Mapping

from pytest_export_matrix.machine import json_files
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results
from pytest_export_matrix.vocabulary.cells import AXES, NAME, PLAIN, PREPARED
from pytest_export_matrix.vocabulary.errors import ResultsError
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, STAGES

FORMAT_VERSION = 1


FILENAME = "results.json"


def dumps(results: Results) -> str:
    """The text of a results file: sorted, one cell a line."""
    head = {
        "format_version": FORMAT_VERSION,
        "complete": results.complete,
        "started": results.started,
        "seconds": round(results.seconds, 1),
        "planned": results.planned,
        "counts": results.counts,
        "matrix": results.matrix and vars(results.matrix),
        "shard": results.shard,
        "environments": results.environments,
    }
    rows = sorted((result.row() for result in results.cells), key=lambda row: str(row["id"]))
    for row in rows:
        for name in ("seconds", "latency"):
            row[name] = {key: round(value, 3) for key, value in row[name].items()}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    axes = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in results.axes.items())
    opening = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    return f'{opening},\n "axes": {{\n{axes}\n }},\n "cells": [\n{lines}\n]}}\n'


def loads(text: str, name: str) -> Results:
    """The inverse of `dumps`. Raises ResultsError for what is no results file of this version."""
    remedy = "remove the file and run pytest --export-matrix again, which writes a new one"
    return json_files.loads(text, "results file", name, FORMAT_VERSION, _from, ResultsError, remedy)


def _from(data: Mapping[str, Any]) -> Results:
    matrix, axes, shard = data.get("matrix"), data.get("axes", {}), data.get("shard")
    if shard is not None and not re.match(r"[1-9]\d{0,3}/[1-9]\d{0,3}\Z", shard):
        raise ValueError(f"shard is {shard!r}")
    results = Results(
        planned=_typed("planned", data["planned"], int),
        cells=[_result(row) for row in data["cells"]],
        started=_typed("started", data["started"], str),
        seconds=_typed("seconds", data["seconds"], (int, float)),
        environments=_typed("environments", data["environments"], dict),
        matrix=_matrix(matrix) if matrix else None,
        shard=shard,
        axes={axis: list(map(str, axes[axis])) for axis in axes if axis in AXES},
    )
    if len({result.cell for result in results.cells}) < len(results.cells):
        raise ValueError("a cell is in it twice")
    for environment in results.environments.values():
        _typed("packages", environment["packages"], dict)
        _typed("python", environment["python"], str)
    if (results.complete, results.counts) != (data.get("complete"), data.get("counts")):
        raise ValueError("its counts do not fit its cells: truncated or edited")
    return results


def _matrix(data: Mapping[str, Any]) -> Matrix:
    matrix = Matrix(**data)
    _typed("matrix.cells", matrix.cells, int)
    _typed("matrix.sha256", matrix.sha256, str)
    _typed("matrix.profile", matrix.profile, str)
    return matrix


def _result(row: Mapping[str, Any]) -> Result:
    result = Result.from_row(row)
    for value in result.cell.axes.values():
        if not NAME.match(value):
            raise ValueError(f"no name for a value of an axis: {value!r}")
    if result.cell.preparation not in (PLAIN, PREPARED):
        raise ValueError(f"unknown preparation {result.cell.preparation!r}")
    if result.outcome not in OUTCOMES:
        raise ValueError(f"unknown outcome {result.outcome!r}")
    if result.stage not in (None, *STAGES):
        raise ValueError(f"unknown stage {result.stage!r}")
    for name, kind in FIELDS.items():
        _typed(name, getattr(result, name), kind)
    for seconds in (*result.seconds.values(), *result.latency.values()):
        _typed("seconds", seconds, (int, float))
    for trial in result.trials:
        _typed("extras of a trial", trial["extras"], list)
    return result


FIELDS: Dict[str, Any] = {
    "language": str,
    "environment": str,
    "reason": (str, type(None)),
    "exported_at": list,
    "ran_at": list,
    "failed_on": list,
    "deviation": dict,
    "deviating": list,
    "flaky": bool,
    "extra_dependencies": list,
    "trials": list,
    "latency": dict,
    "program": dict,
    "seconds": dict,
    "artifact": (dict, type(None)),
    "warnings": list,
    "cached": bool,
    "repro": str,
}


def _typed(name: str, value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r}")
    return value


def load(path: Path) -> Results:
    """Read a results file. Raises ResultsError, also where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"results file {path}", str(error)) from None
    return loads(text, str(path))
