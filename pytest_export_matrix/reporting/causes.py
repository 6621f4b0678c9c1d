"""Failures -> causes: what many failing cells have in common, said once. Pure.

Cells that end alike, with the same outputs wrong and for the same reason, have one cause. Reasons
are the same where they differ only in figures, places and folders. Of a long reason the line counts
that says something: a traceback says it at its end, a guard of torch.export where it names the
user's line.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Sequence, Tuple

from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Stage

#: At a cell that ended in one of these nothing was exported: it says nothing about a way out.
UNTESTED = (Stage.BUILD, Stage.REFERENCE)
HEADLINE_LIMIT = 160
#: A line that is shorter and ends with a colon says nothing without the next one.
SHORT = 40

#: A figure, or a key of the cache; where causes differ in it, ANY_FIGURE stands for it.
FIGURE = re.compile(r"(\b[0-9a-f]{32}\b|\d+(?:\.\d+)?)")
ANY_FIGURE = "N"
#: Which inputs: "at [3, 192, 256], [3, 240, 192] (a crowd)".
PLACE = re.compile(r"\bat ((?:\[[\d, ]*\](?:, )?)+(?: \([^)]*\))?)(?:: )?")
ANSWERED = re.compile(r"\d+ of \d+ inputs answered wrongly; ")
IMAGE = re.compile(r"\bimage \d+: ")
#: "3 of 8 values outside tolerance (1.5, expected 1.7, allowed +-0.1)": the figures of one cell.
COUNTED = re.compile(r"\b\d+ of \d+ (?=values|detections|overlap|differ)")
FIGURES = re.compile(r" \((?:[^()]*, expected|the worst)[^()]*\)")
#: What a library says beside it: "... Declaration: ...", "... Please feel free to ...".
BESIDE = re.compile(r"(?<=.{40})\. [A-Z].*")
#: "Fail: [ONNXRuntimeError] : 1 : FAIL : ...", from C++ and JavaScript without the first word.
ONNXRUNTIME = re.compile(r"(?:\w+: )?\[ONNXRuntimeError\] : \d+ : \w+ : ")
#: "Non-zero status code returned while running TopK node. Name:'...' Status Message: ...".
OF_A_NODE = re.compile(r"Non-zero status code returned while running (\w+) node\. Name:.*Message: ")
#: What says no more than that it is an error. In C++ it is left out.
PLAIN_ERROR = re.compile(r"\A(?:RuntimeError|ValueError|Exception|the program (?=killed)):? ?")
FOLDERS = re.compile(r"(?:[\w.<>~+-]*/){2,}(?=[\w.<+-])")
#: The last line of a traceback.
ERROR = re.compile(r"^\w*(?:Error|Exception): .+$", re.MULTILINE)
#: Who made a guard necessary: a frame that may be PyTorch's own, and below it those of the model.
GUARDED = re.compile(r"^Caused by: \((.+)\)$", re.MULTILINE)
OF_THE_MODEL = re.compile(
    r"^(?:The following call raised this error|Original traceback):$", re.MULTILINE
)
FRAME = re.compile(r"^ *File \"(?!<plugin>)([^\"]+)\", line (\d+), in (.+)$", re.MULTILINE)
TRANSLATED = re.compile(r"Exception: (.+)$", re.MULTILINE)
#: What mends a model that could not be tested, by the stage that raised an exception.
RAISED = re.compile(r"\w*(?:Error|Exception)\b")
REMEDIES = {
    Stage.BUILD: "mend what build= or --export-matrix-model names",
    Stage.REFERENCE: "where it takes other inputs: sizes=, inputs=; --export-matrix-size, -inputs",
}
#: What is taken out of a headline, in this order.
IGNORED = (ANSWERED, PLACE, IMAGE, COUNTED, FIGURES, ONNXRUNTIME, PLAIN_ERROR, FOLDERS, BESIDE)


@dataclass(frozen=True)
class Cause:
    """Why `cells` failed, in the order of the results. Causes are numbered from 1, by the number of
    their cells. `simplest` is the cell with the smallest input that shows it."""

    number: int
    ending: str
    headline: str
    cells: Tuple[Result, ...]
    simplest: Result

    @property
    def ends(self) -> str:
        """How many cells end how: `12 cells failed at run`."""
        cells = "1 cell" if len(self.cells) == 1 else f"{len(self.cells)} cells"
        return f"{cells} {self.ending}"

    @property
    def untested(self) -> bool:
        """Whether these cells could not be tested: their models gave no reference."""
        return self.simplest.stage in UNTESTED

    @property
    def remedy(self) -> str:
        """What mends models that could not be tested because they raised something, or ""."""
        stage, raised = self.simplest.stage, RAISED.match(self.simplest.reason or "")
        return REMEDIES[stage] if stage in UNTESTED and raised else ""

    @property
    def shown_at(self) -> str:
        """The inputs that the simplest cell fails at, as its reason names them, or ""."""
        place = PLACE.search(self.simplest.reason or "")
        return place[1] if place else ""


def causes(results: Iterable[Result]) -> List[Cause]:
    """The causes of all failures among `results`, that of most cells first. Foreign pairs have
    causes of their own behind the others, whose numbers are so the same without them."""
    alike: Dict[Tuple[object, ...], List[Result]] = {}
    for result in results:
        if not result.passed and not result.absent:
            alike.setdefault((result.foreign, result.ending, *_words(result)), []).append(result)
    found = []
    for cells in _once_a_model(alike.values()):
        simplest = min(cells, key=_size)
        same = [result for result in cells if _words(result) == _words(simplest)]
        found.append(Cause(0, simplest.ending, _common(same), tuple(cells), simplest))
    found.sort(key=lambda cause: (cause.simplest.foreign, -len(cause.cells)))
    return [replace(cause, number=number) for number, cause in enumerate(found, 1)]


def _words(result: Result) -> List[str]:
    """The headline without its figures."""
    return FIGURE.split(headline(result.reason or ""))[::2]


def _once_a_model(groups: Iterable[List[Result]]) -> List[List[Result]]:
    """What a model raises that could not be tested is one cause, at whatever inputs it did so."""
    together: Dict[Tuple[object, ...], List[Result]] = {}
    for number, cells in enumerate(groups):
        first, models = cells[0], {result.cell.architecture for result in cells}
        raised = first.stage in UNTESTED and RAISED.match(first.reason or "")
        key = (*models, first.ending, first.foreign) if raised and len(models) == 1 else (number,)
        together.setdefault(key, []).extend(cells)
    return list(together.values())


def by_cell(found: Sequence[Cause]) -> Dict[str, Cause]:
    """The cause of each failing cell, by the cell's id."""
    return {result.cell.id: cause for cause in found for result in cause.cells}


@functools.lru_cache(maxsize=100_000)  # each table groups the same failures
def headline(reason: str) -> str:
    """The line of a reason that says something, without places and folders."""
    line = _telling_line(reason.strip())
    line = OF_A_NODE.sub(r"\1: ", line)
    for pattern in IGNORED:
        line = pattern.sub("", line)
    return line.rstrip(" :")


def _telling_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    guarded = GUARDED.search(text)
    if guarded and "GuardOn" in lines[0]:
        frames = [frame for part in OF_THE_MODEL.split(text)[1:] for frame in FRAME.findall(part)]
        place = "{}:{} in {}".format(*frames[-1]) if frames else guarded[1]
        return f"cannot guard on data: {place}"
    errors = ERROR.findall(text)
    if "TorchScript" in text and "Traceback" in text and errors:
        return str(errors[-1])
    translated = TRANSLATED.search(text)
    if lines[0].endswith("errors:") and translated:
        return f"{lines[0]} {translated[1]}"
    return " ".join(lines[:2]) if lines[0].endswith(":") and len(lines[0]) < SHORT else lines[0]


def _common(cells: Sequence[Result]) -> str:
    """One headline for all: figures that differ are N."""
    text = template([headline(cell.reason or "") for cell in cells])
    return text if len(text) <= HEADLINE_LIMIT else f"{text[:HEADLINE_LIMIT]} ..."


def _size(result: Result) -> Tuple[float, int, int]:
    """How much a cell takes to show its failure: values of the input that its reason names, then
    whether sizes or batches have to differ."""
    place = PLACE.search(result.reason or "")
    values = 0.0
    for shape in re.findall(r"\[([\d, ]*)\]", place[1] if place else ""):
        product = 1.0
        for side in shape.split(","):
            product *= float(side.strip() or 1)
        values += product
    cell = result.cell
    return values, (cell.resolution != "fixed") + (cell.batch == "dynamic"), cell.batch != "1"


def template(texts: Sequence[str]) -> str:
    """One text for several that differ only in figures."""
    parts = zip(*(FIGURE.split(text) for text in texts))
    return "".join(each[0] if len(set(each)) == 1 else ANY_FIGURE for each in parts)
