"""The markers of a document, and the blocks between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Pattern, Set, Tuple

from pytest_export_matrix.reporting.document_tables import Request, parse
from pytest_export_matrix.reporting.markup import MARKDOWN, RST, Markup
from pytest_export_matrix.vocabulary.errors import DocumentError, unknown

LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


BYTE_ORDER_MARK = "\ufeff"


BEGIN, END = "begin", "end"


#: reStructuredText: a comment. The lines indented below it are no part of the text.
RST_COMMENT = re.compile(r"\.\.(?: +(?! |[\w.+:-]+ ?::(?: |\Z)|\[|_|\|)|\Z)")


RST_CODE = re.compile(r"\.\. +(?:[\w-]+:)?(?:code|code-block|sourcecode|parsed-literal|raw) ?::")


RST_BULLETS = re.compile(r"(?:(?:[-*+]|\(?(?:\d+|[A-Za-z]|#)[.)]) +)*")


@dataclass(frozen=True)
class Line:
    """One line that is not code: its index, its text without the line end, and the line before."""

    index: int
    text: str
    before: str


@dataclass(frozen=True)
class Language:
    """How one markup language writes a table and a marker, and which lines of it are not code."""

    markup: Markup
    marker: Pattern[str]
    almost: Pattern[str]
    example: str
    prose: Callable[[List[str]], Iterator[Line]]
    wants_blank: bool


@dataclass(frozen=True)
class Block:
    """The lines between two markers; `asked` says where they are."""

    first: int
    last: int
    indent: str
    request: Request
    asked: str


def read(lines: List[str], name: str) -> Tuple[Language, List[Block]]:
    """The language of the document, and its blocks in order. Raises DocumentError."""
    suffix = Path(name).suffix.lower()
    languages = [LANGUAGES[suffix]] if suffix in LANGUAGES else [MARKDOWN_LANGUAGE, RST_LANGUAGE]
    for language in languages:
        found = list(_blocks(lines, language, name))
        if found:
            return language, found
    raise DocumentError(
        name,
        "no markers: there is no place for a table",
        remedy=f"write {' or '.join(language.example for language in languages)}",
    )


def _blocks(lines: List[str], language: Language, name: str) -> Iterator[Block]:
    opened: Optional[Tuple[Line, str, str]] = None
    seen: Dict[Request, int] = {}
    for line in language.prose(lines):
        match = language.marker.match(line.text)
        asked = f"{name}, line {line.index + 1}"
        if not match:
            if language.almost.match(line.text):
                problem = f"no marker: {line.text.strip()!r}"
                raise DocumentError(asked, problem, remedy=f"write {language.example}")
            continue
        indent, word, words = match["indent"], match["word"], match["words"]
        if word not in (BEGIN, END):
            raise unknown(asked, "marker", word, (BEGIN, END), DocumentError)
        if word == BEGIN:
            if language.wants_blank and line.before.strip():
                problem = "no blank line before this marker: it would be read as text"
                raise DocumentError(asked, problem, remedy="put one there")
            if opened:
                problem = f"the block of line {opened[0].index + 1} has no end before this one"
                raise DocumentError(asked, problem, remedy="blocks do not nest: end that one first")
            opened = line, indent, words
        elif not opened:
            raise DocumentError(asked, "an end without a begin", remedy=f"write {language.example}")
        elif words.strip():
            raise DocumentError(asked, f"{words.strip()!r} stands after end", remedy="leave it out")
        else:
            start, indent, words = opened
            opened = None
            place = f"{name}, line {start.index + 1}"
            request = parse(words, place)
            if request in seen:
                problem = f"asks for the same as the block of line {seen[request]}"
                raise DocumentError(place, problem, remedy="remove one of the two")
            seen[request] = start.index + 1
            yield Block(start.index + 1, line.index, indent, request, place)
    if opened:
        raise DocumentError(
            f"{name}, line {opened[0].index + 1}",
            "a begin without an end",
            remedy=f"write {language.example}",
        )


def _markdown_prose(lines: List[str]) -> Iterator[Line]:
    """The lines outside of fenced code. Indented code needs no check: it is never a marker."""
    from markdown_it import MarkdownIt

    fenced: Set[int] = set()
    for token in MarkdownIt("commonmark").parse("\n".join(lines)):
        if token.type == "fence" and token.map:
            fenced.update(range(*token.map))
    for index, line in enumerate(lines):
        if index not in fenced:
            yield Line(index, line, lines[index - 1] if index else "")


def _rst_prose(lines: List[str]) -> Iterator[Line]:
    """The lines outside of literal blocks, code directives and other comments."""
    code: Optional[int] = None
    for index, line in enumerate(lines):
        text = line.lstrip(" \t")
        indent = len(line) - len(text)
        if code is not None and (not text or indent > code):
            continue
        code = None
        directive = RST_CODE.match(text)
        comment = RST_COMMENT.match(text) and not RST_MARKER.match(line)
        if directive or comment or (text.rstrip().endswith("::") and not text.startswith(".. ")):
            code = indent + len(text) - len(RST_BULLETS.sub("", text, count=1))
        yield Line(index, line, lines[index - 1] if index else "")


MARKDOWN_MARKER = re.compile(
    r"(?P<indent> {0,3})<!--[ \t]*export-matrix:[ \t]*(?P<word>[\w-]*)(?P<words>.*?)-->[ \t]*\Z"
)


RST_MARKER = re.compile(
    r"(?P<indent>[ \t]*)\.\.[ ]+export-matrix:(?!:)[ \t]*(?P<word>[\w-]*)(?P<words>.*)\Z"
)


MARKDOWN_LANGUAGE = Language(
    MARKDOWN,
    MARKDOWN_MARKER,
    re.compile(r" {0,3}<!--[ \t]*export-matrix[ \t]*(?::|begin\b|end\b)"),
    "<!-- export-matrix: begin --> and, below it, <!-- export-matrix: end -->",
    _markdown_prose,
    wants_blank=False,
)


RST_LANGUAGE = Language(
    RST,
    RST_MARKER,
    re.compile(r"[ \t]*\.\.[ ]+export-matrix[ \t]*(?::(?!:)|begin\b|end\b)"),
    '".. export-matrix: begin" and, below it, ".. export-matrix: end"',
    _rst_prose,
    wants_blank=True,
)


#: By suffix of the document; with another suffix, the markers tell.
LANGUAGES = {
    ".md": MARKDOWN_LANGUAGE,
    ".markdown": MARKDOWN_LANGUAGE,
    ".rst": RST_LANGUAGE,
    ".rest": RST_LANGUAGE,
}
