"""The baseline: what a project has accepted of its matrix. A small file for pull requests.

    {"format_version": 1, "profile": "slim",
     "accepted": [
    {"cell": ID, "outcome": "failed", "stage": "compare", "outputs": ["boxes"], "note", "issue"}],
     "passing": [
    {"cells": "mask_rcnn-tracing-onnx-onnxruntime-cpu", "deviation": {"fixed-1": "2e-07"}}]}

Each cell that is accepted as not passing has a line. Passing cells share a line for each way
through the matrix; they are listed so that a cell that vanishes or drifts is noticed. No times, no
hashes, no machine. `note` and `issue` are written by hand and kept through updates.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple

from pytest_export_matrix.machine.json_files import Format, convert
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import AXES, Cell
from pytest_export_matrix.vocabulary.errors import BaselineError, unknown
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, STAGES, Outcome, Stage

FORMAT = Format(
    "baseline",
    1,
    BaselineError,
    "mend it by hand or from version control; --export-matrix-update writes a new one",
)
FLAKY = "flaky"
ACCEPTABLE = [
    *(name for name in OUTCOMES if name not in (Outcome.PASSED, Outcome.UNAVAILABLE)),
    FLAKY,
]
KEYS = ("cell", "outcome", "stage", "outputs", "note", "issue")
#: The axes that a line of "passing" names in "cells"; the others are the keys of "deviation".
WAY = AXES.index("resolution")


@dataclass(frozen=True)
class Accepted:
    """An ending that is accepted for a cell; `outputs` are those that deviate at `compare`."""

    outcome: str
    stage: Optional[Stage] = None
    outputs: Tuple[str, ...] = ()
    note: str = ""
    issue: str = ""

    @classmethod
    def of(cls, result: Result, before: Optional["Accepted"] = None) -> "Accepted":
        """The ending of `result`, with the note and the issue of what was accepted before."""
        return cls(
            FLAKY if result.flaky else str(result.outcome),
            result.stage,
            tuple(sorted(result.deviating)),
            before.note if before else "",
            before.issue if before else "",
        )

    def covers(self, result: Result) -> bool:
        """Whether `result` ended like this."""
        other = Accepted.of(result, self)
        if self.outcome == FLAKY:  # a flaky cell may also fail twice, in other outputs
            return other.outcome in (FLAKY, Outcome.FAILED) and other.stage == self.stage
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
        row = {"cell": cell, **asdict(entry)}
        accepted.append(_line({key: row[key] for key in KEYS if row[key]}))
    ways: Dict[str, Dict[str, Any]] = {}
    for cell, deviation in sorted(baseline.passing.items()):
        way, rest = _split(cell)
        ways.setdefault(way, {})[rest] = None if deviation is None else f"{deviation:.0e}"
    passing = [_line({"cells": way, "deviation": ways[way]}) for way in ways]
    head = f'{{"format_version": {FORMAT.newest}, "profile": {_line(baseline.profile)},'
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
    return FORMAT.loads(text, name, lambda data: _build(data, f"baseline {name}"))


def load(path: Path) -> Baseline:
    """Read a baseline file. Raises BaselineError, also where there is none."""
    if not path.exists():
        raise BaselineError(
            f"baseline {path}",
            "there is no such file",
            remedy="pytest --export-matrix --export-matrix-update makes it from today's outcomes",
        )
    return FORMAT.load(path, lambda data: _build(data, f"baseline {path}"))


@dataclass
class _Passing:
    """One line of "passing"."""

    cells: str
    deviation: Dict[str, Optional[str]]


@dataclass
class _File:
    """A baseline file as it is written. Users edit `accepted` by hand, so each of its lines is
    checked on its own."""

    profile: str
    accepted: List[Dict[str, Any]]
    passing: List[_Passing]


def _build(data: Dict[str, Any], asked: str) -> Baseline:
    file = convert(data, _File)
    baseline = Baseline(file.profile)
    for row in file.accepted:
        cell, entry = _accepted(row, asked)
        _check_id(cell, baseline, asked)
        baseline.accepted[cell] = entry
    for line in file.passing:
        for rest, deviation in line.deviation.items():
            cell = f"{line.cells}-{rest}"
            _check_id(cell, baseline, asked)
            baseline.passing[cell] = None if deviation is None else float(deviation)
    return baseline


def _accepted(row: Dict[str, Any], asked: str) -> Tuple[str, Accepted]:
    """One line of "accepted". Raises BaselineError naming what is wrong in it."""
    cell = row.get("cell")
    asked = f"{asked}, cell {cell}"
    for key in row:
        if key not in KEYS:
            raise unknown(asked, "key", key, KEYS, BaselineError)
    if row.get("outcome") not in ACCEPTABLE:
        raise unknown(asked, "outcome", str(row.get("outcome")), ACCEPTABLE, BaselineError)
    if row.get("stage") not in (None, *STAGES):
        raise unknown(asked, "stage", str(row["stage"]), STAGES, BaselineError)
    try:
        entry = convert(row, Accepted)
    except ValueError as error:
        raise BaselineError(asked, str(error), remedy='for instance "note": "why"') from None
    if entry.issue and not entry.issue.startswith(("https://", "http://")):
        problem = f"issue {entry.issue!r} is no address"
        raise BaselineError(asked, problem, remedy='"issue": "https://..."; words go into "note"')
    return str(cell), replace(entry, outputs=tuple(sorted(entry.outputs)))


def _check_id(cell: str, baseline: Baseline, asked: str) -> None:
    try:
        Cell.of(cell)
    except ValueError as error:
        raise BaselineError(f"{asked}, cell {cell}", str(error)) from None
    if cell in baseline.accepted or cell in baseline.passing:
        remedy = "keep one of the two lines"
        raise BaselineError(f"{asked}, cell {cell}", "it is in the file twice", remedy=remedy)
