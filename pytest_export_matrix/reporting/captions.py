"""What reports share: what their tables were made from, and counts in words."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from pytest_export_matrix.reporting.grades import LEGEND, Marks, is_unknown
from pytest_export_matrix.reporting.grids import claimed
from pytest_export_matrix.results.changes import KINDS, Changes
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES


def below_marks(results: Results) -> List[str]:
    """What stands below tables of marks: the causes that these refer to, then `footnotes`."""
    return [*Marks.over(claimed(results.cells)).footnotes(), *footnotes(results)]


def tally(results: Results) -> str:
    """The number of planned cells, and of each outcome that occurred, in words. Failures without a
    reference are told apart: they say nothing about an export."""
    counts = results.counts
    named = [f"{counts[name]} {name.replace('_', ' ')}" for name in OUTCOMES if counts[name]]
    untested = sum(not each.absent and is_unknown(each) for each in results.cells)
    if untested:
        named.append(f"of the failures {untested} could not be tested")
    whole = results.matrix.cells if results.matrix else results.planned
    part = f"{results.planned} of {whole}" if results.planned < whole else f"{results.planned}"
    text = f"{part} cells planned: {', '.join(named) or 'none run'}"
    lacking = results.planned - len(results.cells)
    return f"{text}, {lacking} without a result" if lacking else text


def unavailable(results: Sequence[Result]) -> List[Tuple[str, int]]:
    """Why cells were unavailable, with the number of each."""
    reasons: Dict[str, int] = {}
    for result in results:
        if result.absent:
            reasons[result.headline] = reasons.get(result.headline, 0) + 1
    return sorted(reasons.items())


def footnotes(results: Results, legend: Sequence[str] = LEGEND) -> List[str]:
    """What the marks mean, and what the table was made from."""
    notes = [*legend, tally(results) + "."]
    notes += [f"{number} unavailable: {reason}." for reason, number in unavailable(results.cells)]
    for name, environment in sorted(results.environments.items()):
        python, platform = f"Python {environment.python}", environment.platform
        made = [python, platform, environment.cost, environment.listed]
        notes.append(f"Environment {name}: {', '.join(filter(None, made))}.")
    return notes


def change_lines(changes: Optional[Changes]) -> List[str]:
    """A line for each summary of changes, worst first, and for each changed package."""
    if changes is None:
        return []
    if not changes.changes and not changes.packages:
        return [f"against {changes.against}: nothing changed"]
    lines = [f"against {changes.against}:"]
    lines += [f"  {found.kind} ({KINDS[found.kind]}): {found.text}" for found in changes.summaries]
    for environment, package, old, new in changes.packages:
        lines.append(f"  {environment}: {package} {old} -> {new}")
    return lines
