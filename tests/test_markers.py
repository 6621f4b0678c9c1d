"""Markers in a document are found, except in examples of code. Wrong markers are refused."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest
from miniatures.marked import BEGIN, END, MARKED, RST_BEGIN, RST_END, begin, refused, written

# --- what is shown as code is not a marker


EXAMPLE = f"{BEGIN}\nshown\n{END}\n"
IN_MARKDOWN = [
    f"```\n{EXAMPLE}```\n",
    f"~~~~ markdown\n```\n~~~\n{EXAMPLE}~~~~\n",
    f"  ````md\n```\n{EXAMPLE}````\n",
    f"- ```\n  {BEGIN}\n  {END}\n  ```\n",
    f"1. > ```\n   > {BEGIN}\n   > {END}\n   > ```\n",
    f"    {BEGIN}\n    {END}\n",
    f"Write `{BEGIN}` and `{END}`.\n",
    "<!-- export-matrix is the name of a pytest option -->\n",
    f"``` not a fence ``` {BEGIN}\n",
]
IN_RST = [
    f"Like this::\n\n  {RST_BEGIN}\n\n  {RST_END}\n\n",
    f"::\n\n\t{RST_BEGIN}\n\n\t{RST_END}\n\n",
    f"- item::\n\n    {RST_BEGIN}\n\n    {RST_END}\n\n",
    f".. code-block:: rst\n   :linenos:\n\n   {RST_BEGIN}\n\n   {RST_END}\n\n",
    f".. sourcecode:: rst\n\n   {RST_BEGIN}\n   {RST_END}\n\n",
    f".. a comment\n\n   {RST_BEGIN}\n   {RST_END}\n\n",
    f"..\n   {RST_BEGIN}\n   {RST_END}\n\n",
    f"Done. Like this::\n\n  {RST_BEGIN}\n\n  {RST_END}\n\n",
    f"Write ``{RST_BEGIN}``.\n\n",
    ".. export-matrix:: results.json\n\n",
]
CASES = [("a.md", example) for example in IN_MARKDOWN] + [("a.rst", text) for text in IN_RST]


@pytest.mark.parametrize(("name", "example"), CASES)
def test_an_example_of_markers_is_left_alone(name: str, example: str) -> None:
    assert refused(example, name).problem.startswith("no markers")
    text = written(example + MARKED[name], name)
    assert text.startswith(example) and text.count("Any batch") == 1


@pytest.mark.parametrize(
    "before",
    [
        ".. note::\n\n",
        "..  note::\n\n",
        ".. tab:: x::\n\n",
        "- item::\n\n     code\n\n",
        ".. [1] footnote\n\n",
    ],
)
def test_a_marker_inside_a_directive_or_a_list_is_found(before: str) -> None:
    text = written(f"{before}  {RST_BEGIN}\n\n  {RST_END}\n", "a.rst")
    assert "Any batch" in text


def test_the_page_that_explains_markers_has_none() -> None:
    page = Path(__file__).parents[1] / "docs" / "tables.md"
    text = page.read_text(encoding="utf-8")
    assert BEGIN.removesuffix(" -->") in text
    assert refused(text).problem.startswith("no markers")


# --- what is refused


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("# Title\n", ["a.md: no markers", "write <!-- export-matrix: begin --> and"]),
        ("", ["a.md: no markers"]),
        (f"\n{BEGIN}\n", ["a.md, line 2: a begin without an end"]),
        (f"\n\n{END}\n", ["a.md, line 3: an end without a begin"]),
        (f"{BEGIN}\n{END}\n{END}\n", ["a.md, line 3: an end without a begin"]),
        (
            f"{BEGIN}\n{begin('table=cells')}\n{END}\n{END}\n",
            ["a.md, line 2: the block of line 1 has no end before this one", "do not nest"],
        ),
        (
            f"{BEGIN}\n{END}\n{begin('table=support')}\n{END}\n",
            ["a.md, line 3: asks for the same as the block of line 1"],
        ),
        (
            f"{begin('device=cpu format=onnx')}\n{END}\n{begin('format=onnx,device=cpu')}\n{END}\n",
            ["a.md, line 3: asks for the same as the block of line 1"],
        ),
        (f"{begin('devise=cpu')}\n{END}\n", ["a.md, line 1: no argument 'devise'", "'device'"]),
        (f"{begin('format=onxx')}\n{END}\n", ["a.md, line 1: no format 'onxx'", "'onnx'"]),
        (f"{begin('environment=x')}\n{END}\n", ["line 1: no environment 'x'", "known: default"]),
        (f"{begin('table=limit')}\n{END}\n", ["a.md, line 1: no table 'limit'", "'limits'"]),
        (f"{begin('table=cells table=limits')}\n{END}\n", ["line 1: table= is given twice"]),
        (f"{begin('onnx')}\n{END}\n", ["'onnx' is not argument=value", "arguments: architecture"]),
        (
            f"{begin('method=scripting format=onnx')}\n{END}\n",
            ["a.md, line 1: picks no cell: these values do not go together"],
        ),
        (f"{begin('batch=1')}\n{END}\n", ["line 1: table=support is about every", "table=cells"]),
        (f"<!-- export-matrix: start -->\n{END}\n", ["line 1: no marker 'start'", "begin, end"]),
        (f"<!-- export-matrix: begin\n{END}\n", ["a.md, line 1: no marker"]),
        (f"{BEGIN}\n<!-- export-matrix end -->\n", ["a.md, line 2: no marker"]),
        (f"{BEGIN}\n<!-- export-matrix: end device=cpu -->\n", ["'device=cpu' stands after end"]),
    ],
)
def test_wrong_markers_are_refused_with_their_line(text: str, messages: List[str]) -> None:
    error = refused(text)
    for message in messages:
        assert message in str(error)
    assert "--export-matrix-select" not in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Text\n", "a.rst: no markers"),
        (f"Text\n{RST_BEGIN}\n\n{RST_END}\n", "line 2: no blank line before this marker"),
        (".. export-matrix begin\n", "line 1: no marker"),
        (f"{RST_BEGIN}\n", "line 1: a begin without an end"),
        (f"{RST_BEGIN} format=onxx\n{RST_END}\n", "line 1: no format 'onxx'; did you mean 'onnx'?"),
    ],
)
def test_wrong_markers_are_refused_in_restructuredtext_too(text: str, message: str) -> None:
    assert message in str(refused(text, "a.rst"))
