"""Results -> the parts of the page that need no JavaScript, as HTML. Pure.

All text of a result is escaped here.
"""

from __future__ import annotations

import re
from html import escape
from typing import Dict, List, Sequence

from pytest_export_matrix.reporting.captions import tally
from pytest_export_matrix.reporting.causes import Cause
from pytest_export_matrix.reporting.grades import (
    ALL,
    FOOTNOTES,
    NONE,
    NOT_PLANNED,
    SOME,
    SUPERSCRIPTS,
    UNKNOWN,
    superscript,
)
from pytest_export_matrix.reporting.grids import Grid
from pytest_export_matrix.results.changes import KINDS, Changes, Summary
from pytest_export_matrix.results.results import Results

#: A class for each mark that an entry can begin with; other entries are plain text.
MARKS: Dict[str, str] = {ALL: "yes", SOME: "some", NONE: "no", UNKNOWN: "unknown", NOT_PLANNED: ""}
DIGITS = {superscript: chr(digit) for digit, superscript in SUPERSCRIPTS.items()}
#: A mark and how many of how many: "◐ 4/13 ?2".
COUNT = re.compile(r"\S(?: \d+/\d+)?(?: \?\d+)?")
REFERENCE = re.compile(f"[{''.join(map(chr, SUPERSCRIPTS.values()))}]+")


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


def tally_bar(results: Results) -> str:
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


def summary(grid: Grid) -> str:
    """The table of ways out. On a phone each row is a card, so that an entry names its column."""
    return table(grid.header, grid.rows, grid.title, "summary cards")


def support(grid: Grid) -> str:
    return table(grid.header, grid.rows, grid.title, "support")


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], caption: str, kind: str = ""
) -> str:
    head = "".join(f'<th scope="col" role="columnheader">{escape(text)}</th>' for text in header)
    body = "".join(
        _row(header, row, before)
        for row, before in zip(rows, [[], *rows])  # the row above each
    )
    # The roles stand for themselves where the style makes cards of rows.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="plain {kind}" role="table"><caption>{escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table></div>'
    )


def _row(header: Sequence[str], row: Sequence[str], above: Sequence[str]) -> str:
    again = ' class="again"' if above and above[0] == row[0] else ""
    entries = "".join(
        f'<td role="cell" class="{_kind(text)}" data-label="{escape(name)}">{_entry(text)}</td>'
        for name, text in zip(header[1:], row[1:])
    )
    name = f'<th scope="row" role="rowheader"{again}>{escape(row[0])}</th>'
    return f'<tr role="row">{name}{entries}</tr>'


def _kind(text: str) -> str:
    """The class of an entry: it has one if it is a mark, with what stands behind it."""
    kind = MARKS.get(text[:1])
    return "" if kind is None or text[1:2].strip() else f"mark {kind}".strip()


def _entry(text: str) -> str:
    """An entry. A mark stays on one line with its count, and its references lead to footnotes."""
    if not _kind(text):
        return escape(text)
    count = COUNT.match(text)
    rest = text[count.end() :] if count else text
    first = f'<span class="count">{escape(count[0])}</span>' if count else ""
    return first + REFERENCE.sub(_reference, escape(rest))


def _reference(match: re.Match[str]) -> str:
    number = match[0].translate(DIGITS)
    return f'<a href="#cause-{number}" aria-label="cause {number}">{match[0]}</a>'


def cause_list(causes: Sequence[Cause]) -> str:
    """The footnotes: each cause by its number, those that no mark refers to folded away."""
    if not causes:
        return "<p>Nothing failed.</p>"
    listed = f'<ol class="causes">{"".join(map(_cause, causes[:FOOTNOTES]))}</ol>'
    more = causes[FOOTNOTES:]
    if more:
        words = "1 cause more" if len(more) == 1 else f"{len(more)} causes more"
        items = "".join(map(_cause, more))
        listed += f'<details><summary>{words}</summary><ol class="causes">{items}</ol></details>'
    return listed


def _cause(cause: Cause) -> str:
    id = escape(cause.simplest.cell.id)
    place = f" at {escape(cause.shown_at)}" if cause.shown_at else ""
    return (
        f'<li id="cause-{cause.number}"><span class="cause" data-cause="{cause.number}">'
        f'<span class="footnote">{superscript(cause.number)}</span> <b>{escape(cause.ends)}</b>: '
        f'{escape(cause.headline)}</span> <span class="where"><a href="#{id}">{id}</a>{place}'
        "</span></li>"
    )


def change_list(changes: Changes) -> str:
    """Which cells changed, in words."""
    said = "".join(f"<li>{_summary(summary)}</li>" for summary in changes.summaries)
    none = "" if changes.changes else "<p>No cell changed.</p>"
    return f"<ul>{said}</ul>" if said else none


def package_table(changes: Changes) -> str:
    if not changes.packages:
        return "<p>No package has another version.</p>"
    header = ("environment", "package", "was", "is")
    return table(header, changes.packages, "Packages whose version changed")


def _summary(summary: Summary) -> str:
    text = f"{summary.text} ({KINDS.get(summary.kind, '')})"
    return f"<strong>{escape(summary.kind)}</strong>: {escape(text)}"
