"""The reports that a run writes, one file here for each; this is the table of them.

A reporter renders text from results and nothing else: `render(results)`, see `results.Results`. To
add one: a file here and its line below.
"""

from __future__ import annotations

from pytest_export_matrix.vocabulary.entries import Reporter

_HERE = __name__

REPORTERS = (
    Reporter("json", "results.json", f"{_HERE}.json:render"),
    Reporter("markdown", "support_table.md", f"{_HERE}.markdown:render"),
    Reporter("rst", "support_table.rst", f"{_HERE}.rst:render"),
    Reporter(
        "html",
        "index.html",
        f"{_HERE}.html:render",
        needs=("itables", "plotly"),
        extra="pytest-export-matrix[html]",
    ),
)
