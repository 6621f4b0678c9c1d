"""`results.json`: everything that is known, for other programs."""

from __future__ import annotations

from pytest_export_matrix.results.file import dumps
from pytest_export_matrix.results.results import Results


def render(results: Results) -> str:
    return dumps(results)
