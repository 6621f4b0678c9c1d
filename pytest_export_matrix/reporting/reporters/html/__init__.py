"""`index.html`: one page that contains everything and needs neither a server nor a network.

The most important parts are HTML that this module writes and that needs no JavaScript. The rest is
data that the page's scripts show. Tables are DataTables' (from the package itables), plots are
plotly's. Text of a result never becomes markup: it is escaped here, and set as text in the scripts.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import zlib
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Iterable, Iterator, List

from pytest_export_matrix.reporting.captions import footnotes
from pytest_export_matrix.reporting.causes import causes
from pytest_export_matrix.reporting.grades import Marks
from pytest_export_matrix.reporting.grids import claimed, foreign
from pytest_export_matrix.reporting.reporters.html import essentials
from pytest_export_matrix.reporting.reporters.html.essentials import notices
from pytest_export_matrix.reporting.reporters.html.page_data import cell, data
from pytest_export_matrix.reporting.summary_table import summary_grids
from pytest_export_matrix.reporting.support_table import support_grids
from pytest_export_matrix.results.changes import Changes
from pytest_export_matrix.results.results import Results

__all__ = ["notices", "render"]

#: The scripts of the page, in the order in which they are put together.
SCRIPTS = (
    *("base.js", "detail.js", "marks.js", "ways.js", "notes.js", "map.js", "architecture.js"),
    *("list.js", "choices.js", "plots.js", "main.js"),
)
#: Its styles, in the order in which they apply.
STYLES = ("page.css", "map.css", "list.css", "narrow.css")
#: The files that are taken from the packages of the extra `html`.
LIBRARIES = {
    "datatables-js": ("itables", "html/dt_bundle.js"),
    "datatables-css": ("itables", "html/dt_bundle.css"),
    "plotly-js": ("plotly", "package_data/plotly.min.js"),
}
#: What zlib takes for the format of gzip, beside the size of its window.
GZIP = 16
NOTHING_RUN = "<p>Nothing was run: there is nothing to say of any export method.</p>"


def render(results: Results) -> str:
    """The text of the page. Raises FileNotFoundError where a library lacks its file."""
    page, script = _own("page.html"), "\n".join(map(_own, SCRIPTS))
    cells = claimed(results.cells)
    return Template(page).substitute(
        script_hash=_hash(script),
        style="\n".join(map(_own, STYLES)),
        notices="".join(f'<p class="notice">{escape(text)}</p>' for text in notices(results)),
        subtitle=escape(_subtitle(results)),
        tally=essentials.tally_bar(results),
        summary="".join(map(essentials.summary, summary_grids(cells))) or NOTHING_RUN,
        support="".join(map(essentials.support, support_grids(cells))),
        causes=essentials.cause_list(causes(cells)),
        changes=_changes(results.changes) if results.changes else "",
        changes_link='<a href="#changes">Changes</a>' if results.changes else "",
        notes="".join(f"<li>{escape(note)}</li>" for note in _notes(results)),
        data=_packed(_data(results)),
        libraries="\n".join(_library(name, *place) for name, place in LIBRARIES.items()),
        script=script,
    )


def _subtitle(results: Results) -> str:
    profile = f"profile {results.matrix.profile}" if results.matrix else ""
    took = f"{results.seconds:.0f} s" if results.seconds else ""
    return " · ".join(part for part in (results.started, profile, took) if part)


def _notes(results: Results) -> List[str]:
    """What the marks mean, what was run, and which cells the tables leave out."""
    number = len(foreign(results.cells))
    said = f"{number} cells are of pairs that nobody claims: the tables leave them out."
    return [*footnotes(results), *([said] if number else [])]


def _changes(changes: Changes) -> str:
    return Template(_own("changes.html")).substitute(
        against=escape(changes.against),
        summaries=essentials.change_list(changes),
        packages=essentials.package_table(changes),
    )


def _own(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """`script` as the content security policy of the page names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _data(results: Results) -> Iterator[bytes]:
    """What the scripts work with, as JSON, a cell at a time: there may be many."""
    marks = Marks.over(results.cells)
    yield _json(data(results, marks)).removesuffix(b"}") + b',"cells":['
    for number, result in enumerate(results.cells):
        yield (b"," if number else b"") + _json(cell(result, marks))
    yield b"]}"


def _packed(pieces: Iterable[bytes]) -> str:
    """The pieces together, compressed for a browser: nothing in it ends a <script> or is markup."""
    # Level 9 would take twice as long and save 0.3 percent.
    gzip = zlib.compressobj(6, wbits=zlib.MAX_WBITS + GZIP)
    packed = b"".join([*map(gzip.compress, pieces), gzip.flush()])
    return base64.b64encode(packed).decode()


def _library(id: str, package: str, name: str) -> str:
    with open(_file(package, name), "rb") as file:
        return f'<script type="text/plain" id="{id}">{_packed(file)}</script>'


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
