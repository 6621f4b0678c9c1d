"""A report on the configurations of detectron2's zoo: one row for each model."""

from __future__ import annotations

from typing import Dict, List

from pytest_export_matrix.reporting.grades import LEGEND, Marks, Row, fit, merged
from pytest_export_matrix.reporting.grids import Grid, at, narrow, unique
from pytest_export_matrix.reporting.markup import MARKDOWN
from pytest_export_matrix.reporting.names import shown
from pytest_export_matrix.reporting.summary_table import COLUMNS
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell


def render(results: Results) -> str:
    """Markdown: for each version a table for each method and format, with a row for each model and
    a column for each runtime. An entry has a mark for each of `COLUMNS`. The causes of failures
    follow."""
    versions: Dict[str, List[Result]] = {}
    for result in results.cells:
        versions.setdefault(version(result.cell), []).append(result)
    parts = ["# Configurations of detectron2\n"]
    for name, found in versions.items():
        if all(result.absent for result in found):
            parts.append(f"## {name}\n\nNot run: {MARKDOWN.escape(found[0].headline)}\n")
            continue
        marks = Marks.over(found)
        order = ", ".join(column.lower() for column in COLUMNS)
        parts += [f"## {name}\n", _counts(found), f"The four marks: {order}.\n"]
        for grid in _grids(found, marks):
            parts += [f"**{MARKDOWN.escape(grid.title)}**\n"]
            parts += [MARKDOWN.table(grid.header, grid.rows) + "\n"]
        parts.append(MARKDOWN.bullets([*marks.footnotes(), *LEGEND]) + "\n")
    return "\n".join(parts)


def version(cell: Cell) -> str:
    return "detectron2_0_6" if cell.method.endswith("_0_6") else "detectron2"


def _counts(found: List[Result]) -> str:
    models = {result.cell.architecture for result in found if not result.absent}
    whole = {r.cell.architecture for r in found if r.passed}
    whole -= {r.cell.architecture for r in found if not (r.passed or r.absent)}
    return f"{len(models)} models run, {len(whole)} of them without a failure.\n"


def _grids(found: List[Result], marks: Marks) -> List[Grid]:
    """Names of models stand without the version, and rows that are alike are one."""
    present = [result for result in found if not result.absent]
    models = unique(result.cell.architecture for result in present)
    grids: List[Grid] = []
    for way in unique((result.cell.method, result.cell.format) for result in present):
        here = [r for r in present if (r.cell.method, r.cell.format) == way]
        runtimes = unique(result.cell.runtime for result in here)
        rows: List[Row] = []
        for model in models:
            cells = [[r for r in here if _is(r, model, runtime)] for runtime in runtimes]
            name = model[len(version(here[0].cell)) :].lstrip("_")
            rows.append((name or model, tuple(_entry(each, marks) for each in cells)))
        header = ["model", *(fit(shown(runtime)) for runtime in runtimes)]
        title = f"{way[0]}, {shown(way[1])}"
        grids += narrow(Grid(title, header, merged(rows)), labels=1)
    return grids


def _entry(cells: List[Result], marks: Marks) -> str:
    signs = [marks.mark(at(cells, *place))[0] for place in COLUMNS.values()]
    return " ".join(signs) + marks.references(cells)


def _is(result: Result, model: str, runtime: str) -> bool:
    return (result.cell.architecture, result.cell.runtime) == (model, runtime)
