"""Results x baseline -> verdicts: which results a release may pass with. Pure.

    passes    and nothing else was accepted            passed
    fails     exactly as accepted                      accepted: an expected failure
    fails     where it passed, or nothing is known     broke, or new       fails the gate
    fails     in another way than accepted             changed             fails the gate
    passes    where a failure was accepted             fixed               fails the gate
    flaky     unless flaky at that stage was accepted  flaky               fails the gate
    is not here (no GPU, no engine)                    unavailable, or missing where required

A failure is the same only if outcome, stage and (at `compare`) the deviating outputs are the same.
A cell that is accepted as flaky may pass, fail at that stage, or do both.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import Dict, Iterable, Optional, Sequence

from pytest_export_matrix.judging.baseline import FLAKY, Accepted, Baseline
from pytest_export_matrix.judging.cell_groups import summarize
from pytest_export_matrix.results.changes import Change, Changes
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell

#: A passing cell drifts if it deviates so many times as far as before. Deviations below `ROUNDING`
#: count as rounding: the unit of float32 is 1.2e-7.
DRIFT = 10.0
ROUNDING = 1e-7


@dataclass(frozen=True)
class Verdict:
    """What one result means: `kind` as above (`failed`: there is no baseline), whether it fails
    the gate, the accepted ending in words, and a sentence that says what to do."""

    kind: str
    fails: bool = False
    old: str = ""
    sentence: str = ""


def judge(
    result: Result, baseline: Optional[Baseline], required: bool = False, command: str = ""
) -> Verdict:
    """The verdict on `result`. Its sentence names `command`, which accepts the result."""
    accepted = baseline.accepted.get(result.cell.id) if baseline else None
    old = _old(result.cell.id, baseline)
    if result.absent:
        if required:
            return Verdict("missing", True, old, f"required, but unavailable: {result.reason}")
        return Verdict("unavailable", old=old)
    if accepted and accepted.covers(result):
        return Verdict("accepted", old=old, sentence=accepted.why)
    if result.passed:
        return _passed(result, baseline, accepted, old, command)
    if baseline is None:
        return Verdict("flaky" if result.flaky else "failed", True)
    if result.flaky:
        sentence = "failed, and passed when it was run once more"
        return Verdict("flaky", True, old, f"{sentence}; to accept that: {command}")
    if accepted:
        sentence = f"accepted is another failure: {old}; to accept this one: {command}"
        return Verdict("changed", True, old, sentence)
    kind = "broke" if result.cell.id in baseline.passing else "new"
    sentence = "passed before" if kind == "broke" else "not in the baseline"
    return Verdict(kind, True, old, f"{sentence}; to accept it: {command}")


def _passed(
    result: Result,
    baseline: Optional[Baseline],
    accepted: Optional[Accepted],
    old: str,
    command: str,
) -> Verdict:
    if baseline is None or (accepted and accepted.outcome == FLAKY):
        return Verdict("passed", old=old)
    if accepted:
        sentence = f"it passes now, but {old} is accepted; to accept that it passes: {command}"
        return Verdict("fixed", True, old, sentence)
    if result.cell.id not in baseline.passing:
        return Verdict("new", old=old)
    before = baseline.passing[result.cell.id]
    if drifts(before, result.worst):
        sentence = f"deviates {result.worst:.0e} (relative), {before or 0:.0e} before"
        return Verdict("drifting", False, f"passed, deviation {before or 0:.0e}", sentence)
    return Verdict("passed", old=old)


def drifts(before: Optional[float], now: Optional[float]) -> bool:
    """Whether a deviation is at least ten times as large as before, and more than rounding."""
    return before is not None and now is not None and now >= DRIFT * max(before, ROUNDING)


def _old(cell: str, baseline: Optional[Baseline]) -> str:
    if baseline is None:
        return ""
    accepted = baseline.accepted.get(cell)
    return accepted.ending if accepted else ("passed" if cell in baseline.passing else "")


def kinds(verdicts: Iterable[Verdict]) -> str:
    """The number of verdicts of each kind, in words."""
    counts = collections.Counter(found.kind for found in verdicts)
    return ", ".join(f"{number} {kind}" for kind, number in counts.most_common())


def changes(
    results: Sequence[Result],
    verdicts: Dict[str, Verdict],
    against: str,
    vanished: Iterable[str] = (),
) -> Changes:
    """What differs from the baseline."""
    found = [
        Change(result.cell, verdict.kind, verdict.old or "not known", _now(result, verdict))
        for result in results
        for verdict in [verdicts[result.cell.id]]
        if verdict.kind not in ("passed", "accepted", "unavailable")
    ]
    found += [Change(Cell.of(cell), "gone", "", "not in the matrix") for cell in vanished]
    eligible = [result.cell for result in results if not result.absent]
    known = [cell for cell in eligible if verdicts[cell.id].old]
    passed = [cell for cell in known if verdicts[cell.id].old.startswith("passed")]
    failed = [cell for cell in known if not verdicts[cell.id].old.startswith("passed")]
    could = {"broke": passed, "drifting": passed, "changed": failed, "fixed": failed}
    return Changes(against, found, summarize(found, could, [r.cell for r in results]))


def _now(result: Result, verdict: Verdict) -> str:
    if verdict.kind == "drifting":
        return f"passed, deviation {result.worst:.0e}"
    return result.ending
