"""`support_table.md`: the support table, in Markdown."""

from __future__ import annotations

from pytest_export_matrix.reporters.markup import MARKDOWN
from pytest_export_matrix.reporters.text import document
from pytest_export_matrix.results import Results


def render(results: Results) -> str:
    return document(results, MARKDOWN)
