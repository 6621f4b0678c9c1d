"""The tables in the documents of this repository agree with its published results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_export_matrix.reporting.document_tables import content, parse
from pytest_export_matrix.reporting.documents import rewrite, source_of
from pytest_export_matrix.results.file import loads
from pytest_export_matrix.results.results import Results

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "reports" / "results.json"
#: The documents with marked tables, and those with the directive for Sphinx.
GUIDE = [ROOT / "docs" / name for name in ("support.md", "caffe2.md", "limits.md")]
OF_THE_SITE = [ROOT / "docs" / name for name in ("architectures.md", "every-cell.md", "index.md")]
DIRECTIVE = re.compile(
    r"^```{export-matrix} (\S+)\n:select: (.*)\n:table: (\w+)\n```$", re.MULTILINE
)


@pytest.fixture(scope="module")
def published() -> Results:
    return loads(RESULTS.read_text(encoding="utf-8"), "results.json")


@pytest.mark.parametrize("guide", GUIDE, ids=lambda path: path.name)
def test_the_tables_of_the_guide_agree_with_the_published_results(
    guide: Path, published: Results
) -> None:
    source = source_of(guide, RESULTS)
    assert source == "../reports/results.json"
    text = guide.read_text(encoding="utf-8")
    assert rewrite(text, published, source, guide.name) == text


@pytest.mark.parametrize("page", OF_THE_SITE, ids=lambda path: path.name)
def test_the_tables_of_the_site_can_be_made_of_the_published_results(
    page: Path, published: Results
) -> None:
    text = page.read_text(encoding="utf-8")
    asked = DIRECTIVE.findall(text)
    assert len(asked) == text.count("```{export-matrix}") > 0
    for source, select, table in asked:
        assert source == source_of(page, RESULTS)
        assert content(parse(f"{select} table={table}", page.name), published, source, page.name)


def test_the_guide_and_the_site_show_every_method_and_every_device_that_was_run(
    published: Results,
) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in (*GUIDE, *OF_THE_SITE))
    asked = " ".join(re.findall("export-matrix: begin(.*) -->", text)).split()
    asked += [f"table={table}" for _, _, table in DIRECTIVE.findall(text)]
    methods = {f"method={row.cell.method}" for row in published.cells}
    devices = {f"device={row.cell.device}" for row in published.cells if not row.absent}
    names = ("summary", "architecture", "cells", "latency", "required", "limits", "adversarial")
    tables = {f"table={name}" for name in names}
    assert {"environment=default", *tables, *methods, *devices} == set(asked)


def test_the_site_shows_each_architecture(published: Results) -> None:
    text = (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
    named = re.findall(
        r"^## (\w+)\n\n```{export-matrix}.*\n:select: .*architecture=\1\n", text, re.M
    )
    assert named == published.axes["architecture"]
