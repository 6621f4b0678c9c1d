"""`index.html`: one page that contains everything and needs neither a server nor a network.

The most important parts are HTML that this module writes and that needs no JavaScript. The rest is
data that the page's scripts show. Tables are DataTables' (from the package itables), plots are
plotly's. Text of a result never becomes markup: it is escaped here, and set as text in the scripts.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import json
from dataclasses import asdict
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Dict, List, Sequence

from pytest_export_matrix.reporting.captions import footnotes, tally
from pytest_export_matrix.reporting.grades import ALL, NONE, Marks
from pytest_export_matrix.reporting.grids import Grid
from pytest_export_matrix.reporting.summary_table import summary_grids
from pytest_export_matrix.reporting.support_table import support_grids
from pytest_export_matrix.results.changes import KINDS, Changes, Summary
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import AXES
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, STAGES

#: The scripts of the page, in the order in which they are put together.
SCRIPTS = ("base.js", "detail.js", "grid.js", "list.js", "plots.js", "main.js")
#: The files that are taken from the packages of the extra `html`.
LIBRARIES = {
    "datatables-js": ("itables", "html/dt_bundle.js"),
    "datatables-css": ("itables", "html/dt_bundle.css"),
    "plotly-js": ("plotly", "package_data/plotly.min.js"),
}


def render(results: Results) -> str:
    """The text of the page. Raises FileNotFoundError where a library lacks its file."""
    page, script = _own("page.html"), "\n".join(map(_own, SCRIPTS))
    return Template(page).substitute(
        script_hash=_hash(script),
        style=_own("page.css"),
        notices="".join(f'<p class="notice">{escape(text)}</p>' for text in notices(results)),
        subtitle=escape(_subtitle(results)),
        tally=_tally(results),
        support="".join(
            _support(grid)
            for grid in (*summary_grids(results.cells), *support_grids(results.cells))
        )
        or "<p>Nothing was run: there is nothing to say of any export method.</p>",
        changes=_changes(results.changes) if results.changes else "",
        changes_link='<a href="#changes">Changes</a>' if results.changes else "",
        causes="".join(
            f"<li>{escape(note)}</li>" for note in Marks.over(results.cells).footnotes()
        ),
        notes="".join(f"<li>{escape(note)}</li>" for note in footnotes(results)),
        data=_packed(_json(data(results))),
        libraries="\n".join(
            f'<script type="text/plain" id="{name}">{_packed(_file(*place).read_bytes())}</script>'
            for name, place in LIBRARIES.items()
        ),
        script=script,
    )


def data(results: Results) -> Dict[str, Any]:
    """The data for the scripts of the page."""
    changes = results.changes
    return {
        "axes": {axis: _values(results, axis) for axis in AXES},
        "outcomes": OUTCOMES,
        "stages": STAGES,
        "environments": {k: asdict(v) for k, v in results.environments.items()},
        "cells": [_cell(result) for result in results.cells],
        "against": changes.against if changes else None,
        "changes": [
            {"id": change.cell.id, **change.cell.axes}
            | {"kind": change.kind, "old": change.old, "new": change.new}
            for change in (changes.changes if changes else [])
        ],
        "kinds": KINDS,
    }


def notices(results: Results) -> List[str]:
    """What a reader has to know before reading the rest: which cells are missing."""
    said = []
    if not results.complete:
        said.append(
            f"Incomplete: {len(results.cells)} of {results.planned} cells have a result. What "
            "is said below is said of those alone."
        )
    if results.shard:
        said.append(f"One shard of several: {results.shard} of the matrix.")
    if results.matrix and results.planned < results.matrix.cells:
        said.append(
            f"A part of the matrix: {results.planned} of its {results.matrix.cells} cells were "
            "planned here."
        )
    return said


def _values(results: Results, axis: str) -> List[str]:
    """The values of an axis that occur: the registered ones in their order, then the others."""
    used = dict.fromkeys(getattr(result.cell, axis) for result in results.cells)
    known = [value for value in results.axes.get(axis, []) if value in used]
    return list(dict.fromkeys([*known, *used]))


def _cell(result: Result) -> Dict[str, Any]:
    derived = {"ending": result.ending, "headline": result.headline, "worst": result.worst}
    return {**result.row(), **derived}


def _subtitle(results: Results) -> str:
    profile = f"profile {results.matrix.profile}" if results.matrix else ""
    took = f"{results.seconds:.0f} s" if results.seconds else ""
    return " · ".join(part for part in (results.started, profile, took) if part)


def _tally(results: Results) -> str:
    """The tally in words, and as a bar in which each outcome has its share."""
    parts = "".join(
        f'<span class="{name}" style="flex-grow:{number}"></span>'
        for name, number in results.counts.items()
        if number
    )
    lacking = results.planned - len(results.cells)
    if lacking > 0:
        parts += f'<span style="flex-grow:{lacking}"></span>'
    return f'<p>{escape(tally(results))}</p><div class="bar" aria-hidden="true">{parts}</div>'


def _support(grid: Grid) -> str:
    return _table(grid.header, grid.rows, grid.title, " support")


def _table(
    header: Sequence[str], rows: Sequence[Sequence[str]], caption: str, kind: str = ""
) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="{_mark(text)}">{escape(text)}</td>' for text in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="plain{kind}"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _mark(text: str) -> str:
    """The class of an entry: "yes" if all of it works, "no" if nothing does, else ""."""
    return "yes" if text.startswith(ALL) else "no" if text.startswith(NONE) else ""


def _changes(changes: Changes) -> str:
    said = "".join(f"<li>{_summary(summary)}</li>" for summary in changes.summaries)
    header = ("environment", "package", "was", "is")
    packages = _table(header, changes.packages, "Packages whose version changed")
    none = "" if changes.changes else "<p>No cell changed.</p>"
    return Template(_own("changes.html")).substitute(
        against=escape(changes.against),
        summaries=f"<ul>{said}</ul>" if said else none,
        packages=packages if changes.packages else "<p>No package has another version.</p>",
    )


def _summary(summary: Summary) -> str:
    text = f"{summary.text} ({KINDS.get(summary.kind, '')})"
    return f"<strong>{escape(summary.kind)}</strong>: {escape(text)}"


def _own(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """`script` as the content security policy of the page names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _packed(content: bytes) -> str:
    """`content`, compressed for a browser: nothing in it ends a <script> or is markup."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def _file(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (Path(folder) / name).exists():
            return Path(folder) / name
    raise FileNotFoundError(f"package {package} has no {name}")


def _json(value: Any) -> bytes:
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", errors="backslashreplace")


def _finite(value: Any) -> Any:
    """`value`, where the numbers that JSON does not have are words: `nan`, `inf`."""
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value
