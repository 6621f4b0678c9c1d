"""What a terminal shows of results: the table, each cell that fails, what changed, the counts."""

from __future__ import annotations

from typing import Iterator, Mapping, Tuple

from tabulate import tabulate

from pytest_export_matrix.judging.verdict import Verdict, kinds
from pytest_export_matrix.reporting.captions import change_lines, table_rows, tally, title
from pytest_export_matrix.reporting.support_table import tables, unavailable
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import STAGES

RED, YELLOW, PLAIN = "red", "yellow", ""


def lines(
    results: Results, verdicts: Mapping[str, Verdict], spent: Mapping[str, float]
) -> Iterator[Tuple[str, str]]:
    """(colour, line); `spent` are the seconds that this run worked, by stage."""
    for table in tables(results.cells):
        header, rows = table_rows(table)
        text = tabulate(rows, headers=header, tablefmt="simple", maxcolwidths=40)
        yield PLAIN, f"{title(table)}\n\n{text}\n"
    for result in results.cells:
        verdict = verdicts[result.cell.id]
        if verdict.fails:
            said = verdict.sentence if result.passed or result.absent else result.headline
            yield RED, f"{result.cell.id}: {result.ending}: {said}"
            yield PLAIN, f"    {result.repro}"
    for reason, number in unavailable(results.cells):
        yield YELLOW, f"{number} unavailable: {reason}"
    for line in change_lines(results.changes):
        yield PLAIN, line
    cached = sum(result.cached for result in results.cells)
    yield PLAIN, f"{tally(results)}; {cached} answered from the cache"
    if results.changes:
        yield PLAIN, f"against {results.changes.against}: {kinds(verdicts.values())}"
    if spent:
        stages = [
            stage for stage in ("start", "environments", *STAGES) if round(spent.get(stage, 0))
        ]
        parts = [f"{stage} {spent[stage]:.0f}" for stage in stages]
        yield PLAIN, f"seconds of work by stage: {', '.join(parts) or 'none'}"


def sights(results: Results, percent: float) -> Iterator[Tuple[str, str]]:
    """(colour, line) of what inputs see; below `percent` of a model's tensors it is a warning."""
    everything = 0
    for name, sight in results.sights.items():
        if sight.problem:
            yield YELLOW, f"what the inputs of {name} see is not known: {sight.problem}"
        elif sight.unseen:
            colour = YELLOW if 100 * sight.share < percent else PLAIN
            yield colour, f"the inputs of {name} see {sight.words}"
        else:
            everything += 1
    if everything:
        models = "1 model" if everything == 1 else f"{everything} models"
        yield PLAIN, f"all tensors are seen by the inputs of {models}"
