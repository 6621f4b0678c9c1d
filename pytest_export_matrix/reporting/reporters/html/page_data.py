"""Results -> what the scripts of the page work with. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, List

from pytest_export_matrix.reporting.causes import Cause
from pytest_export_matrix.reporting.grades import Marks, describe, is_unknown
from pytest_export_matrix.reporting.names import shown
from pytest_export_matrix.reporting.summary_table import COLUMNS
from pytest_export_matrix.results.changes import KINDS
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import AXES
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, STAGES


def data(results: Results, marks: Marks) -> Dict[str, Any]:
    """All but the cells. `marks` are those of the results."""
    changes = results.changes
    axes = {axis: _values(results, axis) for axis in AXES}
    return {
        "axes": axes,
        "names": {name: shown(name) for name in (*axes["format"], *axes["runtime"])},
        "columns": [[title, *place] for title, place in COLUMNS.items()],
        "outcomes": OUTCOMES,
        "stages": STAGES,
        "environments": {k: asdict(v) for k, v in results.environments.items()},
        "causes": [_cause(cause) for cause in marks.causes],
        "against": changes.against if changes else None,
        "changes": [
            {"id": change.cell.id, **change.cell.axes}
            | {"kind": change.kind, "old": change.old, "new": change.new}
            for change in (changes.changes if changes else [])
        ],
        "kinds": KINDS,
    }


def _values(results: Results, axis: str) -> List[str]:
    """The values of an axis that occur: the registered ones in their order, then the others."""
    used = dict.fromkeys(getattr(result.cell, axis) for result in results.cells)
    known = [value for value in results.axes.get(axis, []) if value in used]
    return list(dict.fromkeys([*known, *used]))


def _cause(cause: Cause) -> Dict[str, Any]:
    return {"number": cause.number, "text": describe(cause), "cells": len(cause.cells)}


def cell(result: Result, marks: Marks) -> Dict[str, Any]:
    cause = marks.of_cell.get(result.cell.id)
    derived = {
        "ending": result.ending,
        "headline": result.headline,
        "worst": result.worst,
        "unknown": is_unknown(result),
        "cause": cause.number if cause else None,
    }
    return {**result.row(), **derived}
