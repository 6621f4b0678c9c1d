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
from pytest_export_matrix.reporting.causes import ANY_FIGURE
from pytest_export_matrix.reporting.cells_table import cells_grids
from pytest_export_matrix.reporting.figure_tables import (
    inputs_grids,
    inputs_notes,
    latency_grids,
    required_grids,
)
from pytest_export_matrix.reporting.grades import LEGEND, Marks
from pytest_export_matrix.reporting.grids import Grid, claimed, foreign
from pytest_export_matrix.reporting.limits_table import (
    adversarial_grids,
    adversarial_notes,
    limits_grids,
    limits_notes,
)
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
    for word in re.findall(r"[^\s,]+", words):
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
    """Tables and notes of a document. Raises DocumentError where `request` picks no cell, or where
    the results are only a part of the matrix."""
    check_whole(results, source)
    shown = build(request, results, asked)
    return replace(shown, notes=[*shown.notes, f"Made from {source}."])


def build(request: Request, results: Results, asked: str) -> Content:
    """Tables and notes of whatever was run. Raises DocumentError where `request` picks no cell."""
    chosen = replace(results, cells=_select(request, results.cells, asked), matrix=None)
    chosen.planned = len(chosen.cells)
    used = {DEFAULT_ENVIRONMENT, *(result.environment for result in chosen.cells)}
    chosen.environments = {k: v for k, v in results.environments.items() if k in used}
    kind = TABLES[request.table]
    grids = kind.build(chosen.cells)
    ran = any(not result.absent for result in chosen.cells)
    notes = captions.footnotes(chosen, kind.legend if grids else ())
    if grids:
        notes = [*kind.below(chosen.cells), *notes]
    if not grids:
        notes.insert(0, kind.none if ran else "None of these cells was run.")
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


CELLS_LEGEND = ("A column is a resolution and a batch.", *LEGEND)
MILLISECONDS = (
    "Milliseconds of the first call of a loaded file / of the later ones (median), at the exported "
    "size with one image, of the files that answered rightly. Measured while other cells ran: good "
    "for comparing, not for more."
)
LATENCY_LEGEND = (MILLISECONDS,)
REQUIRED_LEGEND = (
    "The largest deviation of an output in the cells that passed, in units of the eager model's "
    f"own noise; {MARGIN} are allowed, and a few of many values may be off further: by up to 136 "
    "where there are a million.",
)
INPUTS_LEGEND = (
    "Each tensor of a model was disturbed by one percent. It is seen if the answer to one of the "
    "sample inputs would then not pass for the eager answer. In what is not seen a fault of an "
    "exported file could hide.",
)
LIMITS_LEGEND = (
    "Cells that ended alike for one reason are one row, a cause, which stands below it by its "
    "number. An axis that is not named there has all of its values; "
    f"{ANY_FIGURE} is a number that differs among the cells.",
)

ADVERSARIAL_LEGEND = (
    "Cells whose ordinary inputs gave no cause to fail: an adversarial one, which the reason "
    "names, was answered wrongly or ended the run.",
    *LIMITS_LEGEND,
)


@dataclass(frozen=True)
class Kind:
    """A table: results -> grids, what explains it, the note where it is empty, and results -> what
    the rows refer to, which stands below."""

    build: Callable[[Sequence[Result]], List[Grid]]
    legend: Sequence[str]
    none: str = "All that was run passed."
    below: Callable[[Sequence[Result]], List[str]] = lambda results: []


def footnotes(results: Sequence[Result]) -> List[str]:
    """The causes that marks refer to."""
    return Marks.over(claimed(results)).footnotes()


def foreign_footnotes(results: Sequence[Result]) -> List[str]:
    return Marks.over(foreign(results)).footnotes()


TABLES: Dict[str, Kind] = {
    "summary": Kind(summary_grids, LEGEND, below=footnotes),
    "support": Kind(support_grids, LEGEND, below=footnotes),
    "architecture": Kind(architecture_grids, (*LEGEND, MILLISECONDS), below=footnotes),
    "interoperability": Kind(
        interoperability_grids,
        LEGEND,
        "No such pair was run: --export-matrix-foreign plans them.",
        below=foreign_footnotes,
    ),
    "cells": Kind(cells_grids, CELLS_LEGEND, below=footnotes),
    "latency": Kind(latency_grids, LATENCY_LEGEND, "No file answered rightly."),
    "required": Kind(required_grids, REQUIRED_LEGEND, "No noise was measured."),
    "inputs": Kind(
        inputs_grids,
        INPUTS_LEGEND,
        "Not looked at: --export-matrix-sees PERCENT does that.",
        below=inputs_notes,
    ),
    "limits": Kind(limits_grids, LIMITS_LEGEND, below=limits_notes),
    "adversarial": Kind(
        adversarial_grids,
        ADVERSARIAL_LEGEND,
        "No cell failed at an adversarial input that answered all ordinary ones rightly.",
        below=adversarial_notes,
    ),
}
