"""A Sphinx directive that shows a table of a results file.

    extensions = ["pytest_export_matrix.sphinx_extension"]      in conf.py

    .. export-matrix:: reports/results.json                     ```{export-matrix} results.json
       :select: device=cpu architecture=mask_rcnn               :table: limits
       :table: cells                                            ```

The path is relative to the document, or with a leading slash to the folder of the sources. The
options are the words of a marker (`documents`). A table is built of nodes, so that nothing in a
results file is parsed as markup.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, ClassVar, Dict, List, Sequence

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from pytest_export_matrix.reporting.document_tables import TABLE, content, parse
from pytest_export_matrix.reporting.grades import ALL, NONE, SOME, UNKNOWN
from pytest_export_matrix.reporting.grids import Grid
from pytest_export_matrix.reporting.markup import clean
from pytest_export_matrix.results.file import load
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.errors import ExportMatrixError

NAME = "export-matrix"
#: How many characters of a column a builder of plain text shows before it breaks a line.
WIDEST = 40
#: A line is not broken between a mark and its count.
MARKS = (ALL, SOME, NONE, UNKNOWN)
NO_BREAK = "\u00a0"


class ExportMatrix(SphinxDirective):
    """`.. export-matrix:: FILE` with the options `:select:` and `:table:`."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Dict[str, Any]] = {
        "select": directives.unchanged_required,
        "table": directives.unchanged_required,
    }

    def run(self) -> List[nodes.Node]:
        source = self.arguments[0]
        _, path = self.env.relfn2path(source)
        self.env.note_dependency(path)
        words = [self.options.get("select", "")]
        if TABLE in self.options:
            words.append(f"{TABLE}={self.options[TABLE]}")
        asked = f"{NAME} {source}"
        try:
            request = parse(" ".join(words), asked)
            shown = content(request, results_of(Path(path)), source, asked)
        except ExportMatrixError as error:
            raise self.error(str(error)) from None
        found: List[nodes.Node] = []
        for grid in shown.grids:
            if shown.titled:
                title = nodes.strong("", clean(grid.title))
                found.append(nodes.paragraph("", "", title))
            found.append(table_node(grid))
        notes = [nodes.list_item("", paragraph(note)) for note in shown.notes]
        return [*found, nodes.bullet_list("", *notes)]


def results_of(path: Path) -> Results:
    """The results at `path`, read once for all the tables that show one state of them."""
    return _load(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=1)
def _load(path: Path, changed: int) -> Results:
    return load(path)


def table_node(grid: Grid) -> nodes.table:
    group = nodes.tgroup(cols=len(grid.header))
    for column in zip(grid.header, *grid.rows):
        group += nodes.colspec(colwidth=min(WIDEST, max(map(len, column))))
    group += nodes.thead("", row_node(grid.header))
    group += nodes.tbody("", *map(row_node, grid.rows))
    return nodes.table("", group, classes=[NAME, "colwidths-auto"])


def row_node(cells: Sequence[str]) -> nodes.row:
    return nodes.row("", *map(entry_node, cells))


def entry_node(cell: str) -> nodes.entry:
    text = clean(cell)
    shown = text.replace(" ", NO_BREAK, 1) if text.startswith(MARKS) else text
    return nodes.entry("", nodes.paragraph("", shown))


def paragraph(text: str) -> nodes.paragraph:
    return nodes.paragraph("", clean(text))


def setup(app: Any) -> Dict[str, Any]:
    app.add_directive(NAME, ExportMatrix)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
