"""What a terminal shows of results: the summary, why cells fail, what changed, the counts. Pure.

It is as short for six thousand cells as for six. What is left out is in the reports, or shown with
`more` (pytest -v).
"""

from __future__ import annotations

from typing import Callable, Iterator, List, Mapping, Sequence, Tuple

from tabulate import tabulate

from pytest_export_matrix.judging.verdict import Verdict, kinds
from pytest_export_matrix.reporting.arbiter import Arbiter
from pytest_export_matrix.reporting.captions import change_lines, tally, unavailable
from pytest_export_matrix.reporting.causes import Cause, causes
from pytest_export_matrix.reporting.grades import BRIEFLY, listed, superscript
from pytest_export_matrix.reporting.grids import Grid, unique
from pytest_export_matrix.reporting.summary_table import COLUMNS, summary_grids
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import STAGES

RED, YELLOW, PLAIN = "red", "yellow", ""
#: So many lines or causes of each part are shown without `more`.
TABLE, FAILING, ACCEPTED, CHANGES, REASONS, INPUTS = 22, 5, 4, 4, 2, 3
#: The columns of a terminal that does not say how many it has.
WIDTH = 80
#: The width of an entry of the summary where that is narrow; its last character is a space.
COLUMN = 13
Lines = Iterator[Tuple[str, str]]


def lines(
    results: Results,
    verdicts: Mapping[str, Verdict],
    spent: Mapping[str, float],
    more: bool = False,
    width: int = WIDTH,
) -> Lines:
    """(colour, line); `spent` are the seconds that this run worked, by stage.

    No line is longer than `width`, unless it is a command, which has to stay whole.
    """
    for grid in summary_grids(results.cells):
        wide = tabulate(grid.rows, headers=grid.header, tablefmt="simple").splitlines()
        fits = max(map(len, wide)) <= width
        yield PLAIN, f"{grid.title}: {BRIEFLY}"
        yield from _some(PLAIN, wide if fits else _narrow(grid), TABLE, more)
        yield PLAIN, ""
    yield from _failures(results, verdicts, more, width)
    missing = [f"{number} unavailable: {reason}" for reason, number in unavailable(results.cells)]
    yield from _some(YELLOW, [_cut(line, width) for line in missing], REASONS, more)
    yield from _some(PLAIN, change_lines(results.changes), CHANGES, more)
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


def _some(colour: str, said: Sequence[str], most: int, more: bool) -> Lines:
    """The first lines, and how many are left out."""
    shown = said if more else said[:most]
    yield from ((colour, line) for line in shown)
    if len(said) > len(shown):
        yield PLAIN, f"and {len(said) - len(shown)} lines more: -v shows all"


def _narrow(grid: Grid) -> List[str]:
    """The summary for 80 columns: the way out on a line of its own, the runtimes below it. What a
    file needs is left out."""
    said = [_columns("", list(COLUMNS))]
    above: Sequence[str] = ()
    for method, format, runtime, *entries in grid.rows:
        if (method, format) != above:
            said.append(f"{method}, {format}")
        above = (method, format)
        said.append(_columns(runtime, entries[: len(COLUMNS)]))
    return said


def _columns(name: str, entries: Sequence[str]) -> str:
    return f"  {name:<25}{''.join(f'{_brief(entry):<{COLUMN}}' for entry in entries)}".rstrip()


def _brief(entry: str) -> str:
    """An entry with as many of its references as leave a space behind it."""
    words = entry.split(" ")
    while len(" ".join(words)) >= COLUMN:
        words = [*[word for word in words if word != "…"][:-1], "…"]
    return " ".join(words)


def _failures(results: Results, verdicts: Mapping[str, Verdict], more: bool, width: int) -> Lines:
    """Why cells fail the run, each cause with a command that shows it. What is accepted is counted,
    and told where nothing else fails."""
    found, arbiter = causes(results.cells), Arbiter(results.cells)
    failing = _among(found, lambda result: verdicts[result.cell.id].fails)
    accepted = _among(found, lambda result: not verdicts[result.cell.id].fails)
    if failing:
        yield PLAIN, f"{_counted(failing)}:"
    for cause, cells in failing if more else failing[:FAILING]:
        yield from _cause(RED, cause, len(cells), width)
        if cause.remedy:
            yield PLAIN, _cut(f"    {cause.remedy}", width)
        if fault := arbiter.fault(cells):
            yield PLAIN, _cut(f"    {fault}", width)
        shows = cause.simplest if cause.simplest in cells else cells[0]
        verdict = verdicts[shows.cell.id]
        if verdict.sentence:
            yield PLAIN, f"    {verdict.kind}: {verdict.sentence}"
        yield PLAIN, f"    {shows.repro}"
    if len(failing) > FAILING and not more:
        yield PLAIN, f"and {len(failing) - FAILING} causes more: -v shows all"
    if accepted:
        yield PLAIN, f"{_counted(accepted)}, accepted by the baseline"
    told = accepted if more else accepted[: 0 if failing else ACCEPTED]
    for cause, cells in told:
        yield from _cause(YELLOW, cause, len(cells), width)
    if accepted and len(accepted) > len(told):
        yield PLAIN, f"and {len(accepted) - len(told)} causes more: -v shows all"
    if found:
        yield PLAIN, ""
    for result in results.cells:
        if verdicts[result.cell.id].fails and (result.passed or result.absent):
            yield RED, f"{result.cell.id}: {result.ending}: {verdicts[result.cell.id].sentence}"
            yield PLAIN, f"    {result.repro}"


Chosen = List[Tuple[Cause, List[Result]]]


def _among(found: Sequence[Cause], wanted: Callable[[Result], bool]) -> Chosen:
    """The causes of cells that are wanted, each with these cells."""
    chosen = [(cause, [each for each in cause.cells if wanted(each)]) for cause in found]
    return [(cause, cells) for cause, cells in chosen if cells]


def _counted(chosen: Chosen) -> str:
    failures, number = sum(len(cells) for _, cells in chosen), len(chosen)
    return f"{failures} failure{'s' * (failures > 1)} with {number} cause{'s' * (number > 1)}"


def _cause(colour: str, cause: Cause, cells: int, width: int) -> Lines:
    """A cause in one line, or two where that is too long."""
    head = f"{cells} {cause.ending}"
    if cause.untested:
        models = listed(unique(result.cell.architecture for result in cause.cells))
        head = f"{models} could not be tested: {head}"
    head = f"{superscript(cause.number)} {head}"
    if len(f"{head}: {cause.headline}") <= width:
        yield colour, f"{head}: {cause.headline}"
    else:
        yield colour, _cut(head, width)
        yield colour, _cut(f"    {cause.headline}", width)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 4]} ..."


def sights(results: Results, percent: float, more: bool = False, width: int = WIDTH) -> Lines:
    """(colour, line) of what inputs see; below `percent` of a model's tensors it is a warning."""
    warned: List[str] = []
    said: List[str] = []
    everything = 0
    for name, sight in results.sights.items():
        if sight.problem:
            warned.append(f"what the inputs of {name} see is not known: {sight.problem}")
        elif sight.unseen:
            into = warned if 100 * sight.share < percent else said
            into.append(f"the inputs of {name} see {sight.words}")
        else:
            everything += 1
    for colour, told in ((YELLOW, warned), (PLAIN, said)):
        shown = told if more else [_cut(line, width) for line in told]
        yield from _some(colour, shown, INPUTS, more)
    if everything:
        models = "1 model" if everything == 1 else f"{everything} models"
        yield PLAIN, f"all tensors are seen by the inputs of {models}"
