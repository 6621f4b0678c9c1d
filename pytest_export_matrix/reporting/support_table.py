"""Results -> support table, in the form of detectron2's deployment guide. Pure.

Each entry is derived from the cells behind it. Where these do not agree, the entry says how they
differ: by format or by runtime where that decides it, else by architecture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple, TypeVar

from pytest_export_matrix.results.result import Result

YES, NO = "✅", "❌"
NOT_RUN = "not run"
NAMES = {
    "torchscript": "TorchScript",
    "onnx": "ONNX",
    "pytorch": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "caffe2": "Caffe2",
    "pytorch_1_10": "PyTorch 1.10",
    "libtorch_1_10": "libtorch 1.10",
    "aot_inductor": "AOTInductor",
    "aot_inductor_python": "AOTInductor (Python)",
    "onnxruntime_node": "ONNX Runtime (Node.js)",
}
LANGUAGES = {"c++": "C++", "python": "Python", "javascript": "JavaScript"}
TOGETHER = ("c++", "python")
NO_EXTRAS = "None"
#: A largest group of so many architectures is called "the others": each has a row of its own.
OTHERS = 4

#: A way through the matrix: architecture, format, runtime.
Way = Tuple[str, str, str]
FORMAT, RUNTIME = 1, 2
T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """The support table of one device: a column for each export method, plain and prepared."""

    device: str
    methods: List[str]
    rows: List[Tuple[str, List[str]]]


def tables(results: Sequence[Result]) -> List[Table]:
    """A table for each device on which something was run."""
    ran = [result for result in results if not result.absent]
    devices = _unique(result.cell.device for result in ran)
    return [_table(device, [r for r in ran if r.cell.device == device]) for device in devices]


def unavailable(results: Sequence[Result]) -> List[Tuple[str, int]]:
    """Why cells were unavailable, with the number of each."""
    reasons: Dict[str, int] = {}
    for result in results:
        if result.absent:
            reasons[result.headline] = reasons.get(result.headline, 0) + 1
    return sorted(reasons.items())


def _table(device: str, results: Sequence[Result]) -> Table:
    methods = _unique(result.cell.captured for result in results)
    columns = [Column([r for r in results if r.cell.captured == method]) for method in methods]
    rows = [
        ("Formats", [column.formats() for column in columns]),
        ("Runtime", [column.runtimes() for column in columns]),
        *_inference(columns, {result.language for result in results}),
        ("Extra runtime deps", [column.extra_dependencies() for column in columns]),
        ("Dynamic resolution", [column.dynamic_resolution() for column in columns]),
        ("Batch size requirement", [column.batch() for column in columns]),
    ]
    for name in _unique(result.cell.architecture for result in results):
        rows.append((name, [column.architecture(name) for column in columns]))
    return Table(device, methods, rows)


def _inference(columns: Sequence["Column"], ran: Set[str]) -> List[Tuple[str, List[str]]]:
    """One row for C++ and Python together, as in the guide, and one for each other language."""
    together = [language for language in TOGETHER if language in ran]
    groups = [together, *([language] for language in sorted(ran - set(TOGETHER)))]
    return [
        (
            f"{'/'.join(LANGUAGES.get(language, language) for language in group)} inference",
            [column.inference(group) for column in columns],
        )
        for group in groups
        if group
    ]


class Column:
    """One export method on one device."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._cells = {
            (r.cell.architecture, r.cell.format, r.cell.runtime, r.cell.resolution, r.cell.batch): r
            for r in results
        }
        self._ways: List[Way] = _unique((a, f, r) for a, f, r, _, _ in self._cells)
        self._languages = {r.cell.runtime: r.language for r in results}

    def formats(self) -> str:
        return self._each(lambda way: way[1])

    def runtimes(self) -> str:
        return self._each(lambda way: way[2])

    def inference(self, languages: Sequence[str]) -> str:
        """Whether files run from these languages; which of them, where they differ."""
        texts = {}
        for language in languages:
            ways = [way for way in self._ways if self._languages[way[RUNTIME]] == language]
            texts[language] = summarize({way: self._mark(way, "fixed", "1") for way in ways})
        if len(set(texts.values())) <= 1:
            return "".join(set(texts.values()))
        return "; ".join(f"{LANGUAGES.get(name, name)}: {text}" for name, text in texts.items())

    def extra_dependencies(self) -> str:
        """What the files that run need beside the engine."""
        needed: Dict[Way, List[str]] = {}
        for (architecture, format, runtime, _, _), result in self._cells.items():
            if result.passed:
                extras = needed.setdefault((architecture, format, runtime), [])
                extras += result.extra_dependencies
        return summarize(
            {way: ", ".join(_unique(extras)) or NO_EXTRAS for way, extras in needed.items()}
        )

    def dynamic_resolution(self) -> str:
        return summarize({way: self._mark(way, "dynamic", "1") for way in self._ways})

    def batch(self) -> str:
        return summarize({way: self._requirement(way) for way in self._ways})

    def architecture(self, name: str) -> str:
        ways = [way for way in self._ways if way[0] == name]
        return summarize({way: self._mark(way, "fixed", "1") for way in ways})

    def _each(self, part: Callable[[Way], str]) -> str:
        """The formats, or the runtimes, with the architectures that they work for."""
        texts = []
        for name in _unique(part(way) for way in self._ways):
            marks = {way: self._mark(way, "fixed", "1") for way in self._ways if part(way) == name}
            shown = NAMES.get(name, name)
            text = summarize(marks)
            if len(set(marks.values())) > 1:
                text = f"({text})"
            texts.append(shown if text == YES else f"{shown} {text}")
        return ", ".join(texts)

    def _mark(self, way: Way, resolution: str, batch: str) -> str:
        result = self._cells.get((*way, resolution, batch))
        if result is None:
            return NOT_RUN
        if result.passed:
            return YES
        return f"{NO} ({'flaky, ' if result.flaky else ''}{result.stage})"

    def _requirement(self, way: Way) -> str:
        marks = {batch: self._mark(way, "fixed", batch) for batch in ("1", "2", "dynamic")}
        if NOT_RUN in marks.values():
            return NOT_RUN
        if marks["dynamic"] == YES and marks["1"] == YES:
            return "Dynamic"
        if marks["1"] == YES:
            return "Constant" if marks["2"] == YES else "Batch inference unsupported"
        return marks["1"]


def summarize(values: Dict[Way, str]) -> str:
    """One text for the values of several ways."""
    distinct = _unique(values.values())
    if len(distinct) <= 1:
        return distinct[0] if distinct else "–"
    for part in (FORMAT, RUNTIME):
        decided = _decides(values, part)
        if decided:
            return ", ".join(f"{NAMES.get(name, name)} {value}" for name, value in decided.items())
    alike: Dict[str, List[str]] = {}
    for name in _unique(way[0] for way in values):
        own = {way: value for way, value in values.items() if way[0] == name}
        alike.setdefault(_of_one(own), []).append(name)
    if len(alike) == 1:
        return next(iter(alike))
    most = max(alike, key=lambda text: len(alike[text]))
    if len(alike[most]) >= OTHERS:
        del alike[most]
        alike[most] = ["the others"]  # at the end
    return "; ".join(f"{text}: {', '.join(names)}" for text, names in alike.items())


def _of_one(values: Dict[Way, str]) -> str:
    """One text for the ways of one architecture."""
    distinct = _unique(values.values())
    if len(distinct) == 1:
        return distinct[0]
    decided = _decides(values, FORMAT) or _decides(values, RUNTIME)
    if decided:
        return ", ".join(f"{NAMES.get(name, name)} {value}" for name, value in decided.items())
    return ", ".join(f"{value} ({', '.join(_where(value, values))})" for value in distinct)


def _where(value: str, values: Dict[Way, str]) -> List[str]:
    """The formats that have `value`, with the runtimes where not all of a format have it."""
    labels = []
    for format in _unique(way[FORMAT] for way in values if values[way] == value):
        whole = [way for way in values if way[FORMAT] == format]
        here = [way for way in whole if values[way] == value]
        shown = NAMES.get(format, format)
        engines = [] if here == whole else [NAMES.get(w[RUNTIME], w[RUNTIME]) for w in here]
        labels += [f"{shown} in {engine}" for engine in engines] or [shown]
    return labels


def _decides(values: Dict[Way, str], part: int) -> Optional[Dict[str, str]]:
    """The value of each format, or runtime; None where the ways of one of them disagree."""
    found: Dict[str, str] = {}
    for way, value in values.items():
        if found.setdefault(way[part], value) != value:
            return None
    return found


def _unique(items: Iterable[T]) -> List[T]:
    return list(dict.fromkeys(items))
