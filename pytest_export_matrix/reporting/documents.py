"""Rewrite the tables between two markers of a document, and nothing else in it.

    <!-- export-matrix: begin device=cpu -->      .. export-matrix: begin device=cpu
    <!-- export-matrix: end -->                   .. export-matrix: end

On the left Markdown and MyST, on the right reStructuredText. Markers are comments, which no
renderer shows. The words after `begin` are a request (`document_tables`). A marker has a line of
its own; in Markdown it is indented by three blanks at most, in reStructuredText a blank line goes
before it. Markers in code do not count, so a document may explain them.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import List, Optional, Sequence

from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.reporting.document_tables import Content, content
from pytest_export_matrix.reporting.markers import (
    BYTE_ORDER_MARK,
    LINE,
    read,
)
from pytest_export_matrix.reporting.markup import Markup
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.errors import DocumentError


def rewrite(text: str, results: Results, source: str, name: str) -> str:
    """The document `text` with every block filled from `results`.

    `name` is the document's name; its suffix tells the language, or else the markers do. `source`
    is what the document calls the results file. Raises DocumentError for a document without markers
    or with wrong ones, and for results of less than a whole matrix.
    """
    lines = LINE.findall(text)
    bare = [line.rstrip("\r\n") for line in lines]
    if bare:
        bare[0] = bare[0].removeprefix(BYTE_ORDER_MARK)
    language, found = read(bare, name)
    written: List[str] = []
    position = 0
    for block in found:
        opening = lines[block.first - 1]
        newline = opening[len(opening.rstrip("\r\n")) :]
        body = _body(content(block.request, results, source, block.asked), language.markup)
        written += lines[position : block.first]
        written += [f"{block.indent}{line}".rstrip() + newline for line in ["", *body, ""]]
        position = block.last
    return "".join([*written, *lines[position:]])


def _body(shown: Content, markup: Markup) -> List[str]:
    parts = []
    for grid in shown.grids:
        if shown.titled:
            parts.append(markup.strong(grid.title))
        parts.append(markup.table(grid.header, grid.rows))
    return "\n\n".join([*parts, markup.bullets(shown.notes)]).split("\n")


def source_of(path: Path, results_file: Path) -> str:
    """What the document at `path` calls the results file: the relative path with "/"."""
    return Path(os.path.relpath(results_file, path.parent)).as_posix()


def update(path: Path, results: Results, source: str) -> bool:
    """Rewrite the document at `path`. Returns whether that changed it. Raises DocumentError."""
    old = _load(path)
    new = rewrite(old, results, source, str(path))
    if new == old:
        return False
    try:
        write_whole(path, new)
    except OSError as error:
        raise DocumentError(f"document {path}", str(error)) from None
    return True


def check(path: Path, results: Results, source: str) -> Optional[str]:
    """How the document at `path` differs from what `update` would write; None if it does not."""
    old = _load(path)
    new = rewrite(old, results, source, str(path))
    if new == old:
        return None
    before, after = ([line.rstrip("\r\n") for line in LINE.findall(text)] for text in (old, new))
    names = (str(path), f"{path} from {source}")
    difference = list(difflib.unified_diff(before, after, *names, lineterm=""))
    return "\n".join(difference or [f"{path}: line ends inside a block differ"]) + "\n"


def check_markers(path: Path) -> None:
    """Raises DocumentError where the document at `path` cannot be read or its markers are wrong."""
    lines = [line.rstrip("\r\n") for line in LINE.findall(_load(path))]
    read(lines, str(path))


def refresh(paths: Sequence[Path], results: Results, results_file: Path) -> List[str]:
    """Rewrite the documents at `paths`. Returns lines that say which were changed.

    Raises DocumentError before any document is touched.
    """
    stale = [path for path in paths if check(path, results, source_of(path, results_file))]
    for path in stale:
        update(path, results, source_of(path, results_file))
    return [f"{path}: {'rewritten' if path in stale else 'as it was'}" for path in paths]


def differences(paths: Sequence[Path], results: Results, results_file: Path) -> List[str]:
    """How each stale document differs from what the results say. Raises DocumentError."""
    found = (check(path, results, source_of(path, results_file)) for path in paths)
    return [difference for difference in found if difference]


def _load(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"document {path}", str(error)) from None
