"""The content of a results file is text in every document, never markup."""

from __future__ import annotations

import itertools
from typing import List

import pytest
from docutils import nodes
from docutils.core import publish_doctree, publish_string
from docutils.writers import html5_polyglot
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from miniatures.findings import HOSTILE, hostile, results

from pytest_export_matrix.reporting.documents import rewrite
from pytest_export_matrix.reporting.markup import MARKDOWN, RST, clean
from pytest_export_matrix.reporting.reporters import markdown, rst

TABLE_SIZES = {"summary": 3, "support": 8, "cells architecture=net_a": 4, "limits": 2}
ANY_TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(HOSTILE)


def markdown_rows(text: str) -> List[List[str]]:
    """The cells of the tables in a Markdown text, as a reader sees them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows: List[List[str]] = []
    for token, content in itertools.pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        if token.type in ("th_open", "td_open"):
            assert all(t.type in ("text", "text_special") for t in content.children or [])
            rows[-1].append("".join(t.content for t in content.children or []))
    return rows


def doctree(text: str) -> nodes.document:
    """The document; any complaint of docutils is an error."""
    settings = {"report_level": 1, "halt_level": 1, "file_insertion_enabled": False}
    return publish_doctree(text, settings_overrides=settings)


def rst_rows(text: str) -> List[List[str]]:
    return [
        [entry.astext() for entry in row.findall(nodes.entry)]
        for row in doctree(text).findall(nodes.row)
    ]


def block(found: object, table: str, name: str) -> str:
    begin, end = {
        "a.md": (f"<!-- export-matrix: begin table={table} -->", "<!-- export-matrix: end -->"),
        "a.rst": (f".. export-matrix: begin table={table}", ".. export-matrix: end"),
    }[name]
    return rewrite(f"{begin}\n{end}\n\nLast.\n", found, "results.json", name)  # type: ignore[arg-type]


@given(st.lists(st.lists(ANY_TEXT, min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_markdown_table_shows_any_text_as_it_is(rows: List[List[str]]) -> None:
    text = MARKDOWN.table(["a", "b", "c"], rows)
    assert markdown_rows(text) == [["a", "b", "c"], *([clean(cell) for cell in r] for r in rows)]


@given(st.lists(st.lists(ANY_TEXT, min_size=2, max_size=2), min_size=1, max_size=3))
def test_a_restructuredtext_table_shows_any_text_as_it_is(rows: List[List[str]]) -> None:
    text = RST.table(["a", "b"], rows)
    assert rst_rows(text) == [["a", "b"], *([clean(cell) for cell in row] for row in rows)]
    assert not list(doctree(text).findall(nodes.reference))


@given(ANY_TEXT)
def test_any_text_is_one_item_of_a_list(text: str) -> None:
    text = f"note {text}"
    (item,) = doctree(RST.bullets([text])).findall(nodes.list_item)
    assert item.astext() == clean(text)
    tokens = MarkdownIt().parse(MARKDOWN.bullets([text]))
    (line,) = [token for token in tokens if token.type == "inline"]
    assert "".join(t.content for t in line.children or []) == clean(text)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("table", TABLE_SIZES)
def test_a_block_of_hostile_results_is_one_table_and_one_list(text: str, table: str) -> None:
    found = hostile(text)
    for name in ("a.md", "a.rst"):
        once = block(found, table, name)
        assert rewrite(once, found, "results.json", name) == once
    html = MarkdownIt("commonmark").enable("table").render(block(found, table, "a.md"))
    assert (html.count("<table>"), html.count("<tr>"), html.count("<ul>")) == (
        *(1, TABLE_SIZES[table], 1),
    )
    for tag in ("<script", "<a ", "<img", "<em>", "<strong>", "<code>"):
        assert tag not in html
    document = doctree(block(found, table, "a.rst"))
    kinds = [type(child) for child in document if not isinstance(child, nodes.comment)]
    assert kinds == [nodes.table, nodes.bullet_list, nodes.paragraph]
    assert len(list(document.findall(nodes.row))) == TABLE_SIZES[table]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_report_of_hostile_results_is_a_summary_and_a_support_table(text: str) -> None:
    found, rows = hostile(text), TABLE_SIZES["summary"] + TABLE_SIZES["support"]
    assert len(markdown_rows(markdown.render(found))) == rows
    assert len(rst_rows(rst.render(found))) == rows
    assert "<script" not in MarkdownIt("commonmark").render(markdown.render(found))


def test_marks_that_are_two_columns_wide_break_no_table() -> None:
    found = results(lambda cell: "no" if cell.format == "onnx" else None)
    shown = rst_rows(rst.render(found))
    assert shown == markdown_rows(markdown.render(found))
    assert ["net_a, net_b", "◐ ¹", "●"] in shown


def test_several_devices_have_titles_in_bold() -> None:
    found = results(devices=("cpu", "cuda"))
    document = doctree(block(found, "support", "a.rst"))
    titles = [node.astext() for node in document.findall(nodes.strong)]
    assert titles == ["Export support on cpu", "Export support on cuda"]
    html = MarkdownIt("commonmark").enable("table").render(block(found, "support", "a.md"))
    assert "<strong>Export support on cpu</strong>" in html and html.count("<table>") == 2


def test_markers_of_restructuredtext_are_comments() -> None:
    html = publish_string(
        block(results(), "summary", "a.rst"), writer=html5_polyglot.Writer()
    ).decode()
    body = html[html.index("<main") if "<main" in html else html.index("<body") :]
    assert body.count("<table") == 1 and "<p>Last.</p>" in body
