"""A report on the configurations of detectron2's zoo: one row for each model."""

from __future__ import annotations

from typing import Dict, List

from pytest_export_matrix.addons.detectron2.published import mark
from pytest_export_matrix.reporting.markup import MARKDOWN
from pytest_export_matrix.reporting.names import NOT_RUN
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell


def render(results: Results) -> str:
    """Markdown: a table for each environment, with a row for each model and a column for each
    method, format and runtime. An entry names each resolution and batch that was tried. The reasons
    of failures follow each table."""
    tables: Dict[str, List[Result]] = {}
    for result in results.cells:
        tables.setdefault(version(result.cell), []).append(result)
    parts = ["# Configurations of detectron2\n"]
    for name, found in tables.items():
        if all(result.absent for result in found):
            parts.append(f"## {name}\n\nNot run: {MARKDOWN.escape(found[0].headline)}\n")
            continue
        parts += [f"## {name}\n", _counts(found), _table(found), _reasons(found)]
    return "\n".join(parts)


def version(cell: Cell) -> str:
    return "detectron2_0_6" if cell.method.endswith("_0_6") else "detectron2"


def _way(cell: Cell) -> str:
    return f"{cell.method}, {cell.format}, {cell.runtime}"


def _counts(found: List[Result]) -> str:
    models = {result.cell.architecture for result in found if not result.absent}
    whole = {r.cell.architecture for r in found if r.passed}
    whole -= {r.cell.architecture for r in found if not (r.passed or r.absent)}
    return f"{len(models)} models run, {len(whole)} of them without a failure.\n"


def _table(found: List[Result]) -> str:
    present = [result for result in found if not result.absent]
    ways = list(dict.fromkeys(_way(result.cell) for result in present))
    rows = []
    for model in dict.fromkeys(result.cell.architecture for result in present):
        of_model = [result for result in present if result.cell.architecture == model]
        entries = [_entry([r for r in of_model if _way(r.cell) == way]) for way in ways]
        rows.append([model, *entries])
    return MARKDOWN.table(["model", *ways], rows) + "\n"


def _entry(found: List[Result]) -> str:
    """One mark where all say the same, else one for each resolution and batch."""
    marks = {f"{r.cell.resolution} {r.cell.batch}": mark(r) for r in found}
    seen = set(marks.values())
    if len(seen) <= 1:
        return seen.pop() if seen else NOT_RUN
    return ", ".join(f"{mark} {where}" for where, mark in marks.items())


def _reasons(found: List[Result]) -> str:
    """Each reason once, with the number of its cells and their models."""
    groups: Dict[str, List[str]] = {}
    for result in found:
        if not (result.passed or result.absent):
            place = f"{_way(result.cell)}, at {result.stage}: {result.headline}"
            groups.setdefault(place, []).append(result.cell.architecture)
    lines = [
        f"{reason} ({len(models)} cells: {', '.join(dict.fromkeys(models))})"
        for reason, models in groups.items()
    ]
    return MARKDOWN.bullets(lines) + "\n"
