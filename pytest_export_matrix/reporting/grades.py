"""Cells -> a mark with its count: how far something works, over several architectures. Pure.

    ● 13/13   for all of 13 architectures
    ◐ 4/13 ¹  for some; why not for the others stands in footnote 1, a cause
    ◐ ¹       for none in all of its cells, for some in a part of them
    ○ 0/13 ²  for none
    ◐ 4/13 ?2 for some; about two nothing was found out: they are not available here, were not run,
              or gave no reference to compare with
    ?         nothing was found out about any

A dash stands where nothing of the kind was planned.

A mark never says more than its cells: an architecture counts as one that works if all of its cells
were run and passed. With one architecture there is no count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from pytest_export_matrix.reporting.causes import UNTESTED, Cause, by_cell, causes
from pytest_export_matrix.results.result import Result

ALL, SOME, NONE, UNKNOWN, NOT_PLANNED = "●", "◐", "○", "?", "–"
#: No cell of a table is longer.
WIDEST = 24
#: So much of the end of a name stays where it is cut.
ENDING = 8
#: So many causes have a footnote, and a cell refers to so many; the others are only counted.
FOOTNOTES, IN_A_CELL = 12, 3
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

BRIEFLY = "● works for all, ◐ for some, ○ for none, ? not found out"
LEGEND = (
    "●: the exported file, loaded in a process without the model's code, answered every sample "
    "input like the eager model. ◐: for some of the architectures (how many of how many), alone: "
    "for none in all of its cells. ○: for none. ?: about so many nothing was found out: not "
    "available here, or the model gave no reference. –: not planned.",
)


@dataclass(frozen=True)
class Marks:
    """Writes marks for cells of one table, whose footnotes are its causes."""

    causes: List[Cause]
    of_cell: Mapping[str, Cause]

    @classmethod
    def over(cls, results: Sequence[Result]) -> "Marks":
        found = causes(results)
        return cls(found, by_cell(found))

    def mark(self, results: Sequence[Result], among: Sequence[Result] = ()) -> str:
        """The mark for these cells, its count, and its footnotes. Architectures that only `among`
        has count as well, as some that nothing was found out about."""
        if not results:
            return NOT_PLANNED
        alike: Dict[str, List[Result]] = {result.cell.architecture: [] for result in among}
        for result in results:
            alike.setdefault(result.cell.architecture, []).append(result)
        works = [_works(cells) for cells in alike.values()]
        partly = any(result.passed for result in results)
        return graded(works, partly) + self.references(results)

    def references(self, results: Sequence[Result]) -> str:
        numbers = sorted(
            {self.of_cell[r.cell.id].number for r in results if r.cell.id in self.of_cell}
        )
        shown = [number for number in numbers if number <= FOOTNOTES][:IN_A_CELL]
        texts = [superscript(number) for number in shown]
        if len(numbers) > len(shown):
            texts.append("…")
        return "".join(f" {text}" for text in texts)

    def footnotes(self) -> List[str]:
        """The causes in words, each with its number; then how many have none."""
        notes = [f"{superscript(cause.number)} {describe(cause)}" for cause in self.causes]
        more = len(notes) - FOOTNOTES
        if more > 0:
            notes[FOOTNOTES:] = [f"… {more} causes more; table=limits has all of them"]
        return notes


def _works(cells: Sequence[Result]) -> Optional[bool]:
    """Whether all of these were run and passed; None where nothing was found out."""
    if all(map(is_unknown, cells)):
        return None
    return all(result.passed for result in cells)


def graded(works: Sequence[Optional[bool]], partly: bool = False) -> str:
    """The mark and its count for what works, does not, or is unknown. `partly`: what does not work
    does in a part of its cells."""
    unknown, right = works.count(None), works.count(True)
    if unknown == len(works):
        return UNKNOWN
    sign = ALL if right == len(works) else SOME if right or partly else NONE
    if len(works) == 1:
        return sign
    count = "" if sign == SOME and not right else f" {right}/{len(works)}"
    return f"{sign}{count}" + (f" {UNKNOWN}{unknown}" if unknown else "")


def describe(cause: Cause) -> str:
    """A cause in words: how many cells end how, why, and the cell that shows it with least."""
    shown = f" at {cause.shown_at}" if cause.shown_at else ""
    text = f"{cause.ends}: {cause.headline} ({cause.simplest.cell.id}{shown})"
    return f"{text}; {cause.remedy}" if cause.remedy else text


def is_unknown(result: Result) -> bool:
    """Whether nothing was found out about the way out: it is not here, or there is no reference."""
    return result.absent or result.stage in UNTESTED


def superscript(number: int) -> str:
    return str(number).translate(SUPERSCRIPTS)


#: A name with one word in parentheses: `torch_export (prepared)`.
QUALIFIED = re.compile(r"(\w+) (\(\w+\))")


def fit(text: str) -> str:
    """`text`, cut to the widest that a cell may be. A name keeps its end: there, names differ. A
    word in parentheses behind a name stays."""
    qualified = QUALIFIED.fullmatch(text)
    if qualified:
        name, word = qualified.groups()
        return f"{_cut(name, WIDEST - len(word) - 1)} {word}"
    return _cut(text, WIDEST)


def _cut(text: str, widest: int) -> str:
    if len(text) <= widest:
        return text
    end = "" if " " in text else text[-ENDING:]
    return f"{text[: widest - 1 - len(end)]}…{end}"


def listed(names: Sequence[str]) -> str:
    """Names as one cell: as many as fit."""
    text = ", ".join(names)
    while len(text) > WIDEST and len(names) > 1:
        names = names[:-1]
        text = f"{', '.join(names)}, …"
    return fit(text)


#: A row that is merged with others where all but its name is equal.
Row = Tuple[str, Tuple[str, ...]]


def merged(rows: Sequence[Row]) -> List[List[str]]:
    """Rows of text. Neighbours that are equal are one row, as far as their names fit in a cell."""
    found: List[Tuple[List[str], Tuple[str, ...]]] = []
    for name, entries in rows:
        if found and found[-1][1] == entries and len(", ".join([*found[-1][0], name])) <= WIDEST:
            found[-1][0].append(name)
        else:
            found.append(([name], entries))
    return [[fit(", ".join(names)), *entries] for names, entries in found]
