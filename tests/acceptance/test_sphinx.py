"""The Sphinx directive, in builds by the real sphinx-build of a project with both languages."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import List, NamedTuple

import pytest
from miniatures.findings import HOSTILE, hostile, results

from pytest_export_matrix.results.file import dumps
from pytest_export_matrix.results.results import Results

pytest.importorskip("sphinx")
pytest.importorskip("myst_parser")

CONF = """
extensions = ["myst_parser", "pytest_export_matrix.sphinx_extension"]
project = "project"
"""
INDEX = """
Title
=====

.. toctree::

   guide/page

.. export-matrix:: /reports/results.json
   :select: architecture=net_a

.. export-matrix: a comment, no directive

Last words.
"""
PAGE = """
# Page

```{export-matrix} ../reports/results.json
:table: limits
```

```{export-matrix} ../reports/results.json
:table: cells
:select: format=onnx batch=1
```

Last words.
"""


class Build(NamedTuple):
    code: int
    output: str
    folder: Path

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def rows(self, name: str) -> List[List[str]]:
        """The cells of all tables of an HTML page, as text."""
        reader = Tables()
        reader.feed(self.text(name))
        return [[" ".join(cell.split()) for cell in row] for row in reader.rows]


class Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: List[List[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


class Site:
    """A Sphinx project with a results file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in {"conf.py": CONF, "index.rst": INDEX, "guide/page.md": PAGE}.items():
            path = root / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.results = root / "source" / "reports" / "results.json"
        self.results.parent.mkdir()

    def build(self, builder: str = "html", found: Results | None = None, *options: str) -> Build:
        if found is not None:
            self.results.write_text(json.dumps(json.loads(dumps(found))), encoding="utf-8")
        folder = self.root / builder
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", builder, *options]
        done = subprocess.run(
            [*command, str(self.root / "source"), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Build(done.returncode, done.stdout, folder)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


FOUND = results(lambda cell: "a | <b> c" if cell.format == "onnx" else None)
LIMIT = ["¹", "12", "failed at run", "net_a, net_b", "tracing", "ONNX Runtime"]


def test_pages_in_both_languages_show_the_tables_they_ask_for(site: Site) -> None:
    built = site.build("html", FOUND, "-j", "2")
    assert built.code == 0, built.output
    rows = built.rows("index.html")
    assert rows[0] == ["", "tracing", "scripting"]
    assert rows[-1] == ["net_a", "◐ ¹", "●"]
    rows = built.rows("guide/page.html")
    assert rows[1] == LIMIT
    assert "a | &lt;b&gt; c" in built.text("guide/page.html")
    assert rows[2][2:] == ["fixed, batch 1", "dynamic, batch 1"]
    assert [row[0] for row in rows[3:]] == ["tracing", "Export method", "tracing"]
    for page in ("index.html", "guide/page.html"):
        assert "Made from" in built.text(page)
        assert "Last words." in built.text(page)
        assert "a comment" not in built.text(page)


def test_the_text_builder_shows_the_tables_too(site: Site) -> None:
    built = site.build("text", FOUND)
    assert built.code == 0, built.output
    assert "| TorchScript" in built.text("index.txt") and "●" in built.text("index.txt")
    assert "a | <b> c" in built.text("guide/page.txt")


def test_a_page_is_built_again_when_its_results_change(site: Site) -> None:
    site.build("html", FOUND)
    built = site.build("html", results(lambda cell: "new" if cell.format == "onnx" else None))
    assert built.code == 0, built.output
    assert built.rows("guide/page.html")[1] == LIMIT
    assert "12 cells failed at run: new" in built.text("guide/page.html")
    assert site.build().output.count("0 changed") == 1


def test_hostile_results_are_shown_as_text(site: Site) -> None:
    built = site.build("html", hostile("".join(HOSTILE)))
    assert built.code == 0, built.output
    page = built.text("guide/page.html")
    main = page[page.index("<table") : page.index("Last words.")]
    for tag in ("<script", "<a ", "<img", "<em", "<code"):
        assert tag not in main
    assert "&lt;script&gt;" in main and "[link](javascript:alert(1))" in main


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        (":table: limits", ":table: limit", ["no table 'limit'", "did you mean 'limits'"]),
        ("format=onnx", "format=onxx", ["no format 'onxx'", "did you mean 'onnx'"]),
        ("results.json", "result.json", ["results file", "No such file"]),
        (":table: limits", ":tabel: limits", ["tabel"]),
    ],
)
def test_a_wrong_option_is_an_error_of_the_page_that_has_it(
    site: Site, old: str, new: str, messages: List[str]
) -> None:
    page = site.root / "source" / "guide" / "page.md"
    page.write_text(PAGE.replace(old, new), encoding="utf-8")
    built = site.build("html", FOUND)
    assert built.code != 0 and "Traceback" not in built.output
    assert "page.md:" in built.output
    for message in messages:
        assert message in built.output


@pytest.mark.parametrize("text", ["", "[]", dumps(FOUND)[:-40], '{"format_version": 9}'])
def test_a_bad_results_file_is_an_error_without_a_traceback(site: Site, text: str) -> None:
    site.results.write_text(text, encoding="utf-8")
    built = site.build()
    assert built.code != 0 and "Traceback" not in built.output
    assert "index.rst:" in built.output and "results file" in built.output


def test_results_of_a_part_of_the_matrix_are_an_error(site: Site) -> None:
    found = results()
    found.cells = found.cells[:5]
    built = site.build("html", found)
    assert built.code != 0 and "broken off: 5 of 36 cells" in built.output
