"""Failures -> causes: what many failing cells have in common, said once. Pure.

Cells that end alike, with the same outputs wrong and for the same reason, have one cause. Reasons
are the same where their headlines differ only in figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Sequence, Tuple

from pytest_export_matrix.reporting.headlines import PLACE, headline
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Stage

#: At a cell that ended in one of these nothing was exported: it says nothing about a way out.
UNTESTED = (Stage.BUILD, Stage.REFERENCE)
HEADLINE_LIMIT = 160
#: A figure, or a key of the cache; where causes differ in it, ANY_FIGURE stands for it.
FIGURE = re.compile(r"(\b[0-9a-f]{32}\b|\d+(?:\.\d+)?)")
ANY_FIGURE = "N"
#: What mends a model that could not be tested, by the stage that raised an exception.
RAISED = re.compile(r"\w*(?:Error|Exception)\b")
REMEDIES = {
    Stage.BUILD: "mend what build= or --export-matrix-model names",
    Stage.REFERENCE: "where it takes other inputs: sizes=, inputs=; --export-matrix-size, -inputs",
}


@dataclass(frozen=True)
class Cause:
    """Why `cells` failed, in the order of the results. Causes are numbered from 1, by the number of
    their cells. `simplest` is the cell with the smallest input that shows it."""

    number: int
    ending: str
    headline: str
    cells: Tuple[Result, ...]
    simplest: Result

    @property
    def ends(self) -> str:
        """How many cells end how: `12 cells failed at run`."""
        cells = "1 cell" if len(self.cells) == 1 else f"{len(self.cells)} cells"
        return f"{cells} {self.ending}"

    @property
    def untested(self) -> bool:
        """Whether these cells could not be tested: their models gave no reference."""
        return self.simplest.stage in UNTESTED

    @property
    def remedy(self) -> str:
        """What mends models that could not be tested because they raised something, or ""."""
        stage, raised = self.simplest.stage, RAISED.match(self.simplest.reason or "")
        return REMEDIES[stage] if stage in UNTESTED and raised else ""

    @property
    def shown_at(self) -> str:
        """The inputs that the simplest cell fails at, as its reason names them, or ""."""
        place = PLACE.search(self.simplest.reason or "")
        return place[1] if place else ""


def causes(results: Iterable[Result]) -> List[Cause]:
    """The causes of all failures among `results`, that of most cells first. Foreign pairs have
    causes of their own behind the others, whose numbers are so the same without them."""
    alike: Dict[Tuple[object, ...], List[Result]] = {}
    for result in results:
        if not result.passed and not result.absent:
            alike.setdefault((result.foreign, result.ending, *_words(result)), []).append(result)
    found = []
    for cells in _once_a_model(alike.values()):
        simplest = min(cells, key=_size)
        same = [result for result in cells if _words(result) == _words(simplest)]
        found.append(Cause(0, simplest.ending, _common(same), tuple(cells), simplest))
    found.sort(key=lambda cause: (cause.simplest.foreign, -len(cause.cells)))
    return [replace(cause, number=number) for number, cause in enumerate(found, 1)]


def _words(result: Result) -> List[str]:
    """The headline without its figures."""
    return FIGURE.split(headline(result.reason or ""))[::2]


def _once_a_model(groups: Iterable[List[Result]]) -> List[List[Result]]:
    """What a model raises that could not be tested is one cause, at whatever inputs it did so."""
    together: Dict[Tuple[object, ...], List[Result]] = {}
    for number, cells in enumerate(groups):
        first, models = cells[0], {result.cell.architecture for result in cells}
        raised = first.stage in UNTESTED and RAISED.match(first.reason or "")
        key = (*models, first.ending, first.foreign) if raised and len(models) == 1 else (number,)
        together.setdefault(key, []).extend(cells)
    return list(together.values())


def by_cell(found: Sequence[Cause]) -> Dict[str, Cause]:
    """The cause of each failing cell, by the cell's id."""
    return {result.cell.id: cause for cause in found for result in cause.cells}


def _common(cells: Sequence[Result]) -> str:
    """One headline for all: figures that differ are N."""
    text = template([headline(cell.reason or "") for cell in cells])
    return text if len(text) <= HEADLINE_LIMIT else f"{text[:HEADLINE_LIMIT]} ..."


def _size(result: Result) -> Tuple[float, int, int]:
    """How much a cell takes to show its failure: values of the input that its reason names, then
    whether sizes or batches have to differ."""
    place = PLACE.search(result.reason or "")
    values = 0.0
    for shape in re.findall(r"\[([\d, ]*)\]", place[1] if place else ""):
        product = 1.0
        for side in shape.split(","):
            product *= float(side.strip() or 1)
        values += product
    cell = result.cell
    return values, (cell.resolution != "fixed") + (cell.batch == "dynamic"), cell.batch != "1"


def template(texts: Sequence[str]) -> str:
    """One text for several that differ only in figures."""
    parts = zip(*(FIGURE.split(text) for text in texts))
    return "".join(each[0] if len(set(each)) == 1 else ANY_FIGURE for each in parts)
