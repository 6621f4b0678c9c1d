"""The support table for other programs: HTML for a page, CSV for a spreadsheet, JSON."""

from __future__ import annotations

import csv
import html
import io
import json

from tabulate import tabulate

from pytest_export_matrix.reporting.captions import footnotes, table_rows, title
from pytest_export_matrix.reporting.support_table import tables
from pytest_export_matrix.results.results import Results


def as_html(results: Results) -> str:
    parts = []
    for table in tables(results.cells):
        header, rows = table_rows(table)
        parts.append(f"<h3>{html.escape(title(table))}</h3>")
        parts.append(str(tabulate(rows, headers=header, tablefmt="html")))
    notes = "\n".join(f"<li>{html.escape(note)}</li>" for note in footnotes(results))
    return "\n".join([*parts, f"<ul>\n{notes}\n</ul>"]) + "\n"


def as_csv(results: Results) -> str:
    """One line for each row of each table, the device first."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for table in tables(results.cells):
        header, rows = table_rows(table)
        lines.writerow(["Device", *header])
        lines.writerows([table.device, *row] for row in rows)
    return text.getvalue()


def as_json(results: Results) -> str:
    """A list with one object a table: {"device", "rows": {row: {export method: entry}}}."""
    found = [
        {
            "device": table.device,
            "rows": {label: dict(zip(table.methods, entries)) for label, entries in table.rows},
        }
        for table in tables(results.cells)
    ]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
