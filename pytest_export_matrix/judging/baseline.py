"""The baseline: what a project has accepted of its matrix. A small file for pull requests.

    {"format_version": 1, "profile": "slim",
     "accepted": [
    {"cell": ID, "outcome": "failed", "stage": "compare", "outputs": ["boxes"], "note", "issue"}],
     "passing": [
    {"cells": "mask_rcnn-tracing-onnx-onnxruntime-cpu", "deviation": {"fixed-1": "2e-07"}}]}

One line a cell that is accepted as not passing; those that pass share a line for each way through
the matrix, so that one that vanishes or drifts is noticed. No times, no hashes, no machine. `note`
and `issue` are written by hand and kept through updates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from pytest_export_matrix.machine import json_files
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import AXES, Cell
from pytest_export_matrix.vocabulary.errors import BaselineError, unknown
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, STAGES, Outcome

FORMAT_VERSION = 1
FLAKY = "flaky"
ACCEPTABLE = [
    *(name for name in OUTCOMES if name not in (Outcome.PASSED.value, Outcome.UNAVAILABLE.value)),
    FLAKY,
]
KEYS = ("cell", "outcome", "stage", "outputs", "note", "issue")
#: The axes that a line of "passing" names in "cells"; the others are the keys of "deviation".
WAY = AXES.index("resolution")


@dataclass(frozen=True)
class Accepted:
    """An ending that is accepted of a cell; `outputs` are those that deviate at `compare`."""

    outcome: str
    stage: Optional[str] = None
    outputs: Tuple[str, ...] = ()
    note: str = ""
    issue: str = ""

    @classmethod
    def of(cls, result: Result, before: Optional["Accepted"] = None) -> "Accepted":
        """The ending of `result`, with the note and the issue of what was accepted before."""
        return cls(
            FLAKY if result.flaky else result.outcome,
            result.stage,
            tuple(sorted(result.deviating)),
            before.note if before else "",
            before.issue if before else "",
        )

    def covers(self, result: Result) -> bool:
        """Whether `result` ended like this."""
        other = Accepted.of(result, self)
        if self.outcome == FLAKY:  # what answers by chance may also fail twice, in other outputs
            return other.outcome in (FLAKY, Outcome.FAILED.value) and other.stage == self.stage
        return other == self

    @property
    def ending(self) -> str:
        """In the words of `Result.ending`."""
        where = f" at {self.stage}" if self.stage else ""
        return f"{self.outcome}{where}" + (f" ({', '.join(self.outputs)})" if self.outputs else "")

    @property
    def why(self) -> str:
        return " ".join(filter(None, (self.note, self.issue)))


@dataclass
class Baseline:
    """What is accepted, by id of the cell: an ending, or that it passes (with its deviation, None
    where nothing was measured)."""

    profile: str
    accepted: Dict[str, Accepted] = field(default_factory=dict)
    passing: Dict[str, Optional[float]] = field(default_factory=dict)

    @property
    def cells(self) -> List[str]:
        return [*self.accepted, *self.passing]


def dumps(baseline: Baseline) -> str:
    """The text of a baseline file: sorted, one accepted cell a line."""
    accepted = []
    for cell, entry in sorted(baseline.accepted.items()):
        row = {"cell": cell, **vars(entry)}
        accepted.append(_line({key: row[key] for key in KEYS if row[key]}))
    ways: Dict[str, Dict[str, Any]] = {}
    for cell, deviation in sorted(baseline.passing.items()):
        way, rest = _split(cell)
        ways.setdefault(way, {})[rest] = None if deviation is None else f"{deviation:.0e}"
    passing = [_line({"cells": way, "deviation": ways[way]}) for way in ways]
    head = f'{{"format_version": {FORMAT_VERSION}, "profile": {_line(baseline.profile)},'
    return f'{head}\n "accepted": [{_lines(accepted)}],\n "passing": [{_lines(passing)}]}}\n'


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(lines: Iterable[str]) -> str:
    text = ",\n".join(lines)
    return f"\n{text}\n" if text else ""


def _split(cell: str) -> Tuple[str, str]:
    parts = cell.split("-")
    return "-".join(parts[:WAY]), "-".join(parts[WAY:])


def loads(text: str, name: str) -> Baseline:
    """The inverse of `dumps`. Raises BaselineError for what is no baseline of this version."""
    remedy = "mend it by hand or from version control; --export-matrix-update writes a new one"
    return json_files.loads(
        text,
        "baseline",
        name,
        FORMAT_VERSION,
        lambda data: _from(data, f"baseline {name}"),
        BaselineError,
        remedy,
    )


def _from(data: Mapping[str, Any], asked: str) -> Baseline:
    if not isinstance(data["profile"], str):
        raise TypeError(f"profile is {data['profile']!r}")
    baseline = Baseline(data["profile"])
    for row in data["accepted"]:
        cell, entry = _accepted(row, asked)
        _once(cell, baseline, asked)
        baseline.accepted[cell] = entry
    for row in data["passing"]:
        for rest, deviation in row["deviation"].items():
            cell = f"{row['cells']}-{rest}"
            _once(cell, baseline, asked)
            baseline.passing[cell] = None if deviation is None else float(deviation)
    return baseline


def _accepted(row: Mapping[str, Any], asked: str) -> Tuple[str, Accepted]:
    """One line of "accepted". Raises BaselineError naming what is wrong in it."""
    cell = row.get("cell")
    asked = f"{asked}, cell {cell}"
    for key, value in row.items():
        if key not in KEYS:
            raise unknown(asked, "key", key, KEYS, BaselineError)
        if not isinstance(value, list if key == "outputs" else str):
            raise BaselineError(asked, f"{key} is {value!r}", remedy='for instance "note": "why"')
    if row.get("outcome") not in ACCEPTABLE:
        raise unknown(asked, "outcome", str(row.get("outcome")), ACCEPTABLE, BaselineError)
    if row.get("stage") not in (None, *STAGES):
        raise unknown(asked, "stage", row["stage"], STAGES, BaselineError)
    entry = Accepted(
        row["outcome"],
        row.get("stage"),
        tuple(sorted(map(str, row.get("outputs", [])))),
        row.get("note", ""),
        row.get("issue", ""),
    )
    if entry.issue and not entry.issue.startswith(("https://", "http://")):
        problem = f"issue {entry.issue!r} is no address"
        raise BaselineError(asked, problem, remedy='"issue": "https://..."; words go into "note"')
    return row["cell"], entry


def _once(cell: str, baseline: Baseline, asked: str) -> None:
    try:
        Cell.of(cell)
    except ValueError as error:
        raise BaselineError(f"{asked}, cell {cell}", str(error)) from None
    if cell in baseline.accepted or cell in baseline.passing:
        remedy = "keep one of the two lines"
        raise BaselineError(f"{asked}, cell {cell}", "it is in the file twice", remedy=remedy)


def load(path: Path) -> Baseline:
    """Read a baseline file. Raises BaselineError, also where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BaselineError(
            f"baseline {path}",
            "there is no such file",
            remedy="pytest --export-matrix --export-matrix-update makes it from today's outcomes",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"baseline {path}", str(error)) from None
    return loads(text, str(path))
