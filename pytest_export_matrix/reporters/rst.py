"""`support_table.rst`: the support table, in reStructuredText."""

from __future__ import annotations

from tabulate import tabulate

from pytest_export_matrix.reporters.text import footnotes, grid, title
from pytest_export_matrix.results import Results
from pytest_export_matrix.support import tables


def render(results: Results) -> str:
    parts = []
    for table in tables(results.cells):
        header, rows = grid(table)
        heading = title(table)
        parts += [
            f"{heading}\n{'-' * len(heading)}",
            tabulate(rows, headers=header, tablefmt="grid"),
        ]
    notes = "\n".join(f"- {note}" for note in footnotes(results))
    return "\n\n".join([*parts, notes]) + "\n"
