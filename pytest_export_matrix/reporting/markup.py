"""Markdown and reStructuredText: how each writes text, a table and a list.

Reasons, packages and versions come from a file that anyone may have made. They stay text in the
document and never become markup, wherever the document is rendered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, List, Sequence

#: Markdown: what a backslash escapes everywhere, and (as entities) what it escapes only in some
#: renderers. MyST has roles in braces; others have formulas in dollars and strike out with tildes.
BACKSLASHED = re.compile(r"[\\`*{}\[\]]")
ENTITIES = str.maketrans(
    {c: f"&#{ord(c)};" for c in "|~$"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
#: reStructuredText: marks of inline markup, the "@" and ":" of addresses (`javascript:` is one,
#: too), and the first of two colons, which would begin a literal block.
RST_SPECIAL = re.compile(r"[\\`*|@]|:(?=\S)")
#: An underscore that needs a backslash. Inside a word none does, and names read better without.
UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
#: A beginning of a line of reStructuredText that can only be text.
RST_PLAIN = re.compile(r"[^\W_][\w-]*(?=[ ,;:=]|\Z)|[✅❌–](?=[ :]|\Z)")


def clean(text: str) -> str:
    """`text` on one line, without characters that control a terminal or the writing direction."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def escape_markdown(text: str) -> str:
    text = BACKSLASHED.sub(r"\\\g<0>", clean(text))
    return UNDERSCORE.sub(r"\\_", text).translate(ENTITIES)


def escape_rst(text: str) -> str:
    text = clean(text)
    escaped = UNDERSCORE.sub(r"\\_", RST_SPECIAL.sub(r"\\\g<0>", text))
    if text and not RST_PLAIN.match(text):
        escaped = f"\\ {escaped}"  # after an escaped blank nothing is a bullet or a directive
    return escaped


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A pipe table. Its columns are not padded, so that one changed cell changes one line."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rst_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A list table: a drawn table would depend on the width of ✅, which differs."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (header, *rows):
        for mark, cell in zip(("*", *" " * (len(row) - 1)), row):
            lines.append(f"   {mark} - {cell}".rstrip())
    return "\n".join(lines)


@dataclass(frozen=True)
class Markup:
    """One language. `heading` and `write_table` take text that is escaped already."""

    escape: Callable[[str], str]
    heading: Callable[[str], str]
    write_table: Callable[[Sequence[str], Sequence[Sequence[str]]], str]

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        return self.write_table(self._all(header), [self._all(row) for row in rows])

    def bullets(self, texts: Sequence[str]) -> str:
        return "\n".join(f"- {text}" for text in self._all(texts))

    def strong(self, text: str) -> str:
        return f"**{self.escape(text)}**"

    def title(self, text: str) -> str:
        return self.heading(self.escape(text))

    def _all(self, texts: Sequence[str]) -> List[str]:
        return [self.escape(text) for text in texts]


MARKDOWN = Markup(escape_markdown, lambda title: f"### {title}", _markdown_table)
RST = Markup(escape_rst, lambda title: f"{title}\n{'-' * len(title)}", _rst_table)
