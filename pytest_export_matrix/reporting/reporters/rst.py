"""`support_table.rst`: the support table, in reStructuredText."""

from __future__ import annotations

from pytest_export_matrix.reporting.markup import RST
from pytest_export_matrix.reporting.table_formats import document
from pytest_export_matrix.results.results import Results


def render(results: Results) -> str:
    return document(results, RST)
