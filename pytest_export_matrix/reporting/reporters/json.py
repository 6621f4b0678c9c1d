"""`results.json`: everything that is known, for other programs."""

from __future__ import annotations

from typing import Iterator

from pytest_export_matrix.results.file import pieces
from pytest_export_matrix.results.results import Results


def render(results: Results) -> Iterator[str]:
    return pieces(results)
