"""Tables and their notes as text: for documents, for a page, a spreadsheet and programs. Pure."""

from __future__ import annotations

import csv
import html
import io
import json
from functools import partial
from typing import Callable, Dict

from tabulate import tabulate

from pytest_export_matrix.reporting.captions import below_marks
from pytest_export_matrix.reporting.document_tables import Content
from pytest_export_matrix.reporting.markup import MARKDOWN, RST, Markup
from pytest_export_matrix.reporting.summary_table import summary_grids
from pytest_export_matrix.reporting.support_table import support_grids
from pytest_export_matrix.results.results import Results


def as_markup(markup: Markup, shown: Content) -> str:
    parts = []
    for grid in shown.grids:
        parts += [markup.title(grid.title), markup.table(grid.header, grid.rows)]
    return "\n\n".join([*parts, markup.bullets(shown.notes)]) + "\n"


def document(results: Results, markup: Markup) -> str:
    """The summary and the support table of each device under their headings, then the footnotes."""
    grids = [*summary_grids(results.cells), *support_grids(results.cells)]
    return as_markup(markup, Content(grids, below_marks(results)))


def as_html(shown: Content) -> str:
    parts = []
    for grid in shown.grids:
        parts.append(f"<h3>{html.escape(grid.title)}</h3>")
        parts.append(str(tabulate(grid.rows, headers=grid.header, tablefmt="html")))
    notes = "\n".join(f"<li>{html.escape(note)}</li>" for note in shown.notes)
    return "\n".join([*parts, f"<ul>\n{notes}\n</ul>"]) + "\n"


def as_csv(shown: Content) -> str:
    """One line for each row of each table, the table's title first. Notes are left out."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for grid in shown.grids:
        lines.writerow(["Table", *grid.header])
        lines.writerows([grid.title, *row] for row in grid.rows)
    return text.getvalue()


def as_json(shown: Content) -> str:
    """{"tables": [{"title", "device", "columns", "rows"}], "notes"}: a row is a list of entries."""
    tables = [
        {"title": grid.title, "device": grid.device, "columns": grid.header, "rows": grid.rows}
        for grid in shown.grids
    ]
    return json.dumps({"tables": tables, "notes": shown.notes}, indent=1, ensure_ascii=False) + "\n"


#: By what `export-matrix table --format` calls them.
FORMATS: Dict[str, Callable[[Content], str]] = {
    "md": partial(as_markup, MARKDOWN),
    "rst": partial(as_markup, RST),
    "html": as_html,
    "csv": as_csv,
    "json": as_json,
}
