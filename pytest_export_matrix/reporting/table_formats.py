"""The support table for other programs: HTML for a page, CSV for a spreadsheet, JSON."""

from __future__ import annotations

import csv
import html
import io
import json

from tabulate import tabulate

from pytest_export_matrix.reporting.captions import below_marks
from pytest_export_matrix.reporting.support_table import support_grids
from pytest_export_matrix.results.results import Results


def as_html(results: Results) -> str:
    parts = []
    for grid in support_grids(results.cells):
        parts.append(f"<h3>{html.escape(grid.title)}</h3>")
        parts.append(str(tabulate(grid.rows, headers=grid.header, tablefmt="html")))
    notes = "\n".join(f"<li>{html.escape(note)}</li>" for note in below_marks(results))
    return "\n".join([*parts, f"<ul>\n{notes}\n</ul>"]) + "\n"


def as_csv(results: Results) -> str:
    """One line for each row of each table, the device first."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for grid in support_grids(results.cells):
        lines.writerow(["Device", *grid.header])
        lines.writerows([grid.device, *row] for row in grid.rows)
    return text.getvalue()


def as_json(results: Results) -> str:
    """A list with one object a table: {"device", "rows": {row: {export method: entry}}}."""
    found = [
        {
            "device": grid.device,
            "rows": {row[0]: dict(zip(grid.header[1:], row[1:])) for row in grid.rows},
        }
        for grid in support_grids(results.cells)
    ]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
