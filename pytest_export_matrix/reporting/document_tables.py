"""The tables that a document can ask for, before they are written in any markup. Pure.

A request is words. `axis=glob` selects cells as `--export-matrix-select` does, `environment=glob`
selects them by the environment of their runtime, and `table=` chooses among `TABLES`.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, replace
from typing import Callable, Dict, FrozenSet, List, Sequence, Tuple

from pytest_export_matrix.compare.noise import MARGIN
from pytest_export_matrix.planning import selection
from pytest_export_matrix.reporting import captions
from pytest_export_matrix.reporting.architecture_table import architecture_grids
from pytest_export_matrix.reporting.failures import ANY_FIGURE, Limit, limits
from pytest_export_matrix.reporting.grades import LEGEND, Marks
from pytest_export_matrix.reporting.grids import Grid, unique
from pytest_export_matrix.reporting.names import NO, NOT_RUN, YES, shown
from pytest_export_matrix.reporting.summary_table import interoperability_grids, summary_grids
from pytest_export_matrix.reporting.support_table import support_grids
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import AXES
from pytest_export_matrix.vocabulary.errors import DocumentError, UsageError, unknown

TABLE, ENVIRONMENT = "table", "environment"
ARGUMENTS = (*AXES, ENVIRONMENT, TABLE)
DEFAULT_TABLE = "support"
#: Tables that have a column or a row for each resolution and batch.
ABOUT_ALL = ("summary", "support", "architecture", "interoperability")
#: Where files are exported unless an exporter says otherwise.
DEFAULT_ENVIRONMENT = "default"


@dataclass(frozen=True)
class Content:
    """What stands in one place of a document: tables, and notes below them."""

    grids: List[Grid]
    notes: List[str]

    @property
    def titled(self) -> bool:
        return len(self.grids) > 1


@dataclass(frozen=True)
class Request:
    """What one place asks for: a table of `TABLES`, and (axis, glob) that select its cells."""

    table: str
    select: FrozenSet[Tuple[str, str]]


def parse(words: str, asked: str) -> Request:
    """Parse `words` into a request. Raises DocumentError; `asked` says where the words stand."""
    table, select = "", set()
    for word in re.split(r"[\s,]+", words.strip()) if words.strip() else []:
        name, equals, value = word.partition("=")
        if not equals or not value:
            problem = f"{word!r} is not argument=value"
            raise DocumentError(asked, problem, remedy=f"arguments: {', '.join(ARGUMENTS)}")
        if name not in ARGUMENTS:
            raise unknown(asked, "argument", name, ARGUMENTS, DocumentError)
        if name != TABLE:
            select.add((name, value))
        elif value not in TABLES:
            raise unknown(asked, TABLE, value, TABLES, DocumentError)
        elif table:
            raise DocumentError(asked, "table= is given twice")
        else:
            table = value
    table = table or DEFAULT_TABLE
    if table in ABOUT_ALL and {name for name, _ in select} & {"resolution", "batch"}:
        problem = f"table={table} is about every resolution and every batch"
        raise DocumentError(asked, problem, remedy="table=cells shows a part of them")
    return Request(table, frozenset(select))


def content(request: Request, results: Results, source: str, asked: str) -> Content:
    """Tables and notes for `request`. Raises DocumentError where it picks no cell, or where the
    results are only a part of the matrix."""
    check_whole(results, source)
    chosen = replace(results, cells=_select(request, results.cells, asked))
    chosen.planned = len(chosen.cells)
    used = {DEFAULT_ENVIRONMENT, *(result.environment for result in chosen.cells)}
    chosen.environments = {k: v for k, v in results.environments.items() if k in used}
    kind = TABLES[request.table]
    grids = kind.build(chosen.cells)
    ran = any(not result.absent for result in chosen.cells)
    notes = captions.footnotes(chosen, kind.legend if grids else ())
    if grids and kind.graded:
        notes = [*Marks.over(chosen.cells).footnotes(), *notes]
    if not grids:
        notes.insert(0, kind.none if ran else "None of these cells was run.")
    notes.append(f"Made from {source}.")
    return Content(grids, notes)


def check_whole(results: Results, source: str) -> None:
    """Raises DocumentError for results that must not stand for the whole matrix."""
    asked = f"results {source}"
    remedy = "pytest --export-matrix, without a selection, runs every cell"
    whole = results.matrix.cells if results.matrix else results.planned
    if not results.complete:
        problem = f"the run was broken off: {len(results.cells)} of {results.planned} cells"
        raise DocumentError(asked, problem, remedy=remedy)
    if results.planned < whole:
        problem = f"a part of the matrix: {results.planned} of {whole} cells"
        raise DocumentError(asked, problem, remedy=remedy)


def _select(request: Request, results: Sequence[Result], asked: str) -> List[Result]:
    globs = [glob for name, glob in request.select if name == ENVIRONMENT]
    known = {result.environment for result in results}
    for glob in globs:
        if not any(fnmatch.fnmatchcase(name, glob) for name in known):
            raise unknown(asked, ENVIRONMENT, glob, known, DocumentError)
    terms = [f"{name}={glob}" for name, glob in sorted(request.select) if name in AXES]
    expressions = [",".join(terms)] if terms else []
    try:
        cells = set(selection.select([r.cell for r in results], expressions))
    except UsageError as error:
        remedy = error.remedy if "--collect-only" not in (error.remedy or "") else None
        raise DocumentError(asked, error.problem, nearest=error.nearest, remedy=remedy) from None
    chosen = [
        result
        for result in results
        if result.cell in cells
        and (not globs or any(fnmatch.fnmatchcase(result.environment, glob) for glob in globs))
    ]
    if not chosen:
        raise DocumentError(asked, "picks no cell: these values do not go together")
    return chosen


def cells_grids(results: Sequence[Result]) -> List[Grid]:
    """A row for each way through the matrix, a column for each resolution and batch."""
    grids = []
    for device in unique(result.cell.device for result in results if not result.absent):
        here = [result for result in results if result.cell.device == device]
        columns = unique((r.cell.resolution, r.cell.batch) for r in here)
        rows: Dict[Tuple[str, ...], Dict[Tuple[str, str], str]] = {}
        for result in here:
            cell = result.cell
            way = (cell.architecture, cell.captured, shown(cell.format), shown(cell.runtime))
            rows.setdefault(way, {})[cell.resolution, cell.batch] = _mark(result)
        grids.append(
            Grid(
                f"Cells on {device}",
                [
                    *("Architecture", "Export method", "Format", "Runtime"),
                    *(f"{resolution}, batch {batch}" for resolution, batch in columns),
                ],
                [
                    [*way, *(marks.get(column, NOT_RUN) for column in columns)]
                    for way, marks in rows.items()
                ],
            )
        )
    return grids


def latency_grids(results: Sequence[Result]) -> List[Grid]:
    """Milliseconds of a call at the exported size with one image; a column for each runtime."""
    grids = []
    ran = [r for r in results if r.passed and (r.cell.resolution, r.cell.batch) == ("fixed", "1")]
    for device in unique(result.cell.device for result in ran):
        here = [result for result in ran if result.cell.device == device]
        columns = unique(result.cell.runtime for result in here)
        rows: Dict[Tuple[str, ...], Dict[str, str]] = {}
        for result in here:
            cell, calls = result.cell, result.latency.values()
            way = (cell.architecture, cell.captured, shown(cell.format))
            milliseconds = " / ".join(f"{1000 * seconds:.0f}" for seconds in calls)
            rows.setdefault(way, {})[cell.runtime] = milliseconds
        header = ["Architecture", "Export method", "Format", *map(shown, columns)]
        lines = [[*way, *(found.get(name, "") for name in columns)] for way, found in rows.items()]
        grids.append(Grid(f"Latency on {device}", header, lines))
    return grids


def required_grids(results: Sequence[Result]) -> List[Grid]:
    """How many units of eager's noise the outputs of passing cells needed at most: a row for each
    output, a column for each runtime."""
    grids = []
    passed = [result for result in results if result.passed]
    for device in unique(result.cell.device for result in passed):
        here = [result for result in passed if result.cell.device == device]
        columns = unique(result.cell.runtime for result in here)
        most: Dict[str, Dict[str, float]] = {}
        for result in here:
            for output, figures in result.deviation.items():
                if isinstance(figures, dict) and "noise" in figures and "required" in figures:
                    found = most.setdefault(output, {})
                    before = found.get(result.cell.runtime, 0.0)
                    found[result.cell.runtime] = max(before, figures["required"])
        rows = [
            [output, *(f"{found[name]:.1f}" if name in found else "" for name in columns)]
            for output, found in sorted(most.items())
        ]
        if rows:
            grids.append(Grid(f"Required on {device}", ["Output", *map(shown, columns)], rows))
    return grids


def inputs_grids(results: Sequence[Result]) -> List[Grid]:
    """What the sample inputs of each architecture see; no table where nobody asked."""
    sights = {result.cell.architecture: result.sight for result in results if result.sight}
    rows = [
        [name, str(sight.tensors), "not known" if sight.problem else sight.percent, sight.names]
        for name, sight in sights.items()
    ]
    return [Grid("Inputs", ["Architecture", "Tensors", "Seen", "Not seen"], rows)] if rows else []


def limits_grids(results: Sequence[Result]) -> List[Grid]:
    """A row for each failure; no table where nothing failed."""
    return _limits_grids("Limits", limits(results))


def adversarial_grids(results: Sequence[Result]) -> List[Grid]:
    """A row for each failure that only adversarial inputs show; no table without such."""
    alone = limits(results, lambda result: result.only_adversarial)
    return _limits_grids("Adversarial inputs", alone)


def _limits_grids(title: str, found: Sequence[Limit]) -> List[Grid]:
    header = ["Cells", "Number", "How they end", "First line of the reason"]
    rows = [[limit.where, str(limit.number), limit.ending, limit.reason] for limit in found]
    return [Grid(title, header, rows)] if rows else []


def _mark(result: Result) -> str:
    if result.passed:
        return YES
    return "unavailable" if result.absent else f"{NO} {result.ending}"


CELLS_LEGEND = (
    "A column is a resolution and a batch. ✅: the exported file, loaded in a process without the "
    "model's code, answered every sample input of the cell like the eager model. ❌: it did not; "
    "how the cell ended is beside.",
)
MILLISECONDS = (
    "Milliseconds of the first call of a loaded file / of the later ones (median), at the exported "
    "size with one image, of the files that answered rightly. Measured while other cells ran: good "
    "for comparing, not for more."
)
LATENCY_LEGEND = (MILLISECONDS,)
REQUIRED_LEGEND = (
    "The largest deviation of an output in the cells that passed, in units of the eager model's "
    f"own noise; {MARGIN} are allowed, and more where an output has many values: 43 for a million.",
)
INPUTS_LEGEND = (
    "Each tensor of a model was disturbed by one percent. It is seen if the answer to one of the "
    "sample inputs would then not pass for the eager answer. In what is not seen a fault of an "
    "exported file could hide.",
)
LIMITS_LEGEND = (
    "Cells that ended alike for one reason are one row. An axis that is not named has all of its "
    f"values; {ANY_FIGURE} is a number that differs among the cells.",
)

ADVERSARIAL_LEGEND = (
    "Cells whose ordinary inputs gave no cause to fail: an adversarial one, which the reason "
    "names, was answered wrongly or ended the run.",
    *LIMITS_LEGEND,
)


@dataclass(frozen=True)
class Kind:
    """A table: results -> grids, the notes that explain it, and the note where it is empty. The
    marks of a `graded` one refer to causes, which stand below it."""

    build: Callable[[Sequence[Result]], List[Grid]]
    legend: Sequence[str]
    none: str = "All that was run passed."
    graded: bool = False


TABLES: Dict[str, Kind] = {
    "summary": Kind(summary_grids, LEGEND, graded=True),
    "support": Kind(support_grids, LEGEND, graded=True),
    "architecture": Kind(architecture_grids, (*LEGEND, MILLISECONDS), graded=True),
    "interoperability": Kind(
        interoperability_grids,
        LEGEND,
        "No such pair was run: --export-matrix-foreign plans them.",
        graded=True,
    ),
    "cells": Kind(cells_grids, CELLS_LEGEND),
    "latency": Kind(latency_grids, LATENCY_LEGEND, "No file answered rightly."),
    "required": Kind(required_grids, REQUIRED_LEGEND, "No noise was measured."),
    "inputs": Kind(
        inputs_grids, INPUTS_LEGEND, "Not looked at: --export-matrix-sees PERCENT does that."
    ),
    "limits": Kind(limits_grids, LIMITS_LEGEND),
    "adversarial": Kind(
        adversarial_grids,
        ADVERSARIAL_LEGEND,
        "No cell failed at an adversarial input that answered all ordinary ones rightly.",
    ),
}
