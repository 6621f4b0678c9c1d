"""Documents with marked blocks, and the results for their tables."""

from __future__ import annotations

import pytest

from miniatures.findings import results
from pytest_export_matrix.reporting.documents import rewrite
from pytest_export_matrix.vocabulary.errors import DocumentError

BEGIN, END = "<!-- export-matrix: begin -->", "<!-- export-matrix: end -->"
RST_BEGIN, RST_END = ".. export-matrix: begin", ".. export-matrix: end"
MARKED = {
    "a.md": f"# Title\n\n{BEGIN}\n{END}\n\nText.\n",
    "a.rst": f"Title\n=====\n\n{RST_BEGIN}\n{RST_END}\n\nText.\n",
}
SOURCE = "reports/results.json"
FOUND = results(lambda cell: "no" if cell.batch == "dynamic" else None)


def begin(words: str) -> str:
    return f"<!-- export-matrix: begin {words} -->"


def written(text: str, name: str = "a.md") -> str:
    return rewrite(text, FOUND, SOURCE, name)


def refused(text: str, name: str = "a.md") -> DocumentError:
    with pytest.raises(DocumentError) as error:
        written(text, name)
    return error.value
