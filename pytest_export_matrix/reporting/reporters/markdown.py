"""`support_table.md`: the support table, in Markdown."""

from __future__ import annotations

from pytest_export_matrix.reporting.markup import MARKDOWN
from pytest_export_matrix.reporting.table_formats import document
from pytest_export_matrix.results.results import Results


def render(results: Results) -> str:
    return document(results, MARKDOWN)
