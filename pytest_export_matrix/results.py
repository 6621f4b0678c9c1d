"""The results file: what one run, or several, came to. Written and read here alone.

FORMAT_VERSION 1: the first.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List

from pytest_export_matrix.errors import ResultsError
from pytest_export_matrix.outcomes import OUTCOMES, Result, count

FORMAT_VERSION = 1
FILENAME = "results.json"


@dataclass
class Results:
    """`planned` cells and the results there are of them; complete when there is one of each."""

    planned: int
    cells: List[Result]
    started: str = ""
    seconds: float = 0.0
    environments: Dict[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return self.planned == len(self.cells)

    @property
    def counts(self) -> Dict[str, int]:
        return count(self.cells)


def dumps(results: Results) -> str:
    """The text of a results file: sorted, one cell a line."""
    head = {
        "format_version": FORMAT_VERSION,
        "complete": results.complete,
        "started": results.started,
        "seconds": round(results.seconds, 1),
        "planned": results.planned,
        "counts": results.counts,
        "environments": results.environments,
    }
    rows = sorted((result.row() for result in results.cells), key=lambda row: str(row["id"]))
    for row in rows:
        row["seconds"] = {stage: round(value, 3) for stage, value in row["seconds"].items()}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    opening = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    return f'{opening},\n "cells": [\n{lines}\n]}}\n'


def loads(text: str, name: str) -> Results:
    """The inverse of `dumps`. Raises ResultsError for what is no results file of this version."""
    asked = f"results file {name}"
    remedy = "remove the file and run pytest --export-matrix again, which writes a new one"
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ResultsError(asked, f"truncated or no JSON ({error})", remedy=remedy) from None
    version = data.get("format_version") if isinstance(data, dict) else None
    if not isinstance(version, int):
        raise ResultsError(asked, "no format_version: not a results file", remedy=remedy)
    if version > FORMAT_VERSION:
        raise ResultsError(
            asked,
            f"format {version} is newer than this version reads ({FORMAT_VERSION})",
            remedy="pip install --upgrade pytest-export-matrix",
        )
    try:
        cells = [Result.from_row(row) for row in data["cells"]]
        if any(result.outcome not in OUTCOMES for result in cells):
            raise ValueError("unknown outcome")
        results = Results(
            data["planned"], cells, data["started"], data["seconds"], data["environments"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ResultsError(asked, f"malformed ({error!r})", remedy=remedy) from None
    if (results.complete, results.counts) != (data.get("complete"), data.get("counts")):
        raise ResultsError(
            asked, "its counts do not fit its cells: truncated or edited", remedy=remedy
        )
    return results


def load(path: Path) -> Results:
    """Read a results file. Raises ResultsError, also where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"results file {path}", str(error)) from None
    return loads(text, str(path))


def write(path: Path, text: str) -> None:
    """Write a report so that a reader sees the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
