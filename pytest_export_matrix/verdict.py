"""Results x baseline -> verdicts: what of a run a release may pass with. Pure.

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
from dataclasses import dataclass, replace
from typing import Collection, Dict, Iterable, List, Optional, Sequence, Tuple

from pytest_export_matrix.baseline import FLAKY, Accepted, Baseline
from pytest_export_matrix.cells import Cell
from pytest_export_matrix.changes import Change, Changes, summarize
from pytest_export_matrix.outcomes import Result

#: How many times as far as before a passing cell may deviate before it is said to drift, and below
#: what a deviation is rounding: the unit of float32 is 1.2e-7.
DRIFT = 10.0
ROUNDING = 1e-7


@dataclass(frozen=True)
class Verdict:
    """What one result means: `kind` as above (`failed`: there is no baseline), whether it fails
    the gate, the accepted ending in words, and a sentence for who has to act on it."""

    kind: str
    fails: bool = False
    old: str = ""
    sentence: str = ""


def judge(
    result: Result, baseline: Optional[Baseline], required: bool = False, command: str = ""
) -> Verdict:
    """The verdict on `result`. `command` is what accepts it, for the sentence."""
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
    """Whether a deviation is at least ten times as large as it was, and no rounding."""
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


def gone(baseline: Baseline, cells: Collection[str]) -> List[str]:
    """The cells of the baseline that are not among `cells`, the ids of a whole matrix."""
    there = set(cells)
    return sorted(cell for cell in baseline.cells if cell not in there)


def changes(
    results: Sequence[Result],
    verdicts: Dict[str, Verdict],
    against: str,
    vanished: Iterable[str] = (),
) -> Changes:
    """What is not as the baseline says."""
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


def updated(
    baseline: Optional[Baseline],
    results: Sequence[Result],
    profile: str,
    whole: Optional[Collection[str]] = None,
) -> Baseline:
    """`baseline` with the endings of `results` accepted.

    Cells without a result, or unavailable here, stay as they were; where `whole` (the ids of every
    cell there is) is given, those that are not among it are dropped. The deviation of a passing
    cell stays as it is written unless it changed tenfold, so that an update on another machine
    does not touch the line.
    """
    new = Baseline(profile)
    if baseline:
        new = replace(baseline, accepted=dict(baseline.accepted), passing=dict(baseline.passing))
    for result in results:
        cell = result.cell.id
        if result.absent:
            continue
        before, deviation = new.accepted.pop(cell, None), new.passing.pop(cell, None)
        if before and before.outcome == FLAKY and (result.passed or before.covers(result)):
            new.accepted[cell] = before
        elif not result.passed:
            new.accepted[cell] = Accepted.of(result, before)
        elif deviation is None or drifts(deviation, result.worst) or _improved(deviation, result):
            new.passing[cell] = result.worst
        else:
            new.passing[cell] = deviation
    for cell in gone(new, whole) if whole is not None else []:
        new.accepted.pop(cell, None)
        new.passing.pop(cell, None)
    return new


def _improved(before: float, result: Result) -> bool:
    return drifts(result.worst, before)


def differences(old: Optional[Baseline], new: Baseline) -> List[Tuple[str, str, str]]:
    """What an update changes: (cell, ending before, ending after), "" for not in the file."""
    cells = sorted({*(old.cells if old else []), *new.cells})
    found = [(cell, _old(cell, old), _old(cell, new)) for cell in cells]
    return [(cell, before, after) for cell, before, after in found if before != after]
