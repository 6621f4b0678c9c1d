"""What is wrong with an entry that is being registered."""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping, Tuple

from pytest_export_matrix.compare.noise import ROUNDINGS
from pytest_export_matrix.vocabulary.cells import NAME
from pytest_export_matrix.vocabulary.entries import (
    DEFAULT,
    Architecture,
    Entry,
    Environment,
    Exporter,
    OutputKind,
    Reporter,
    Runtime,
)
from pytest_export_matrix.vocabulary.errors import UsageError
from pytest_export_matrix.vocabulary.package import OLDEST_PYTHON
from pytest_export_matrix.vocabulary.references import names_something

PYTHON = re.compile(r"3\.\d+(\.\d+)?\Z")


REFERENCE_FIELDS = (
    *("build", "inputs", "compare", "capture", "lower", "session", "render"),
    *("weights", "conventions", "program", "measure", "calibrate"),
)


#: References that need not be given.
OPTIONAL_FIELDS = ("weights", "conventions", "program", "measure", "calibrate")


#: Names of other entries, and the like.
TEXT_FIELDS = (
    *("environment", "family", "language", "suffix", "filename", "convention", "extra"),
    "prepared_as",
)
SUFFIX = re.compile(r"(\.[A-Za-z0-9_]+)+\Z")
FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
LAYOUT = re.compile(r"[A-Z]*\Z|\[[A-Z]+\]\Z")


#: Lists of names.
LIST_FIELDS = (
    *("formats", "modules", "preload", "extras", "commands"),
    *("needs", "declares", "methods", "runtimes"),
)
#: Lists of what pip installs. What each of them has to be is said of it.
REQUIREMENT_FIELDS = ("requirements", "afterwards")


def check(asked: str, entry: Entry) -> None:
    """Raise UsageError for the first field of `entry` that is malformed."""
    for problem, remedy in _problems(entry):
        raise UsageError(asked, problem, remedy=remedy)


def _problems(entry: Entry) -> Iterator[Tuple[str, str]]:
    names = [entry.method, entry.format] if isinstance(entry, Exporter) else [entry.name]
    for called in names:
        if not isinstance(called, str) or not NAME.match(called):
            fixed = re.sub(r"[^A-Za-z0-9_.]+", "_", str(called))
            yield "a name holds only letters, digits, _ and .", f"try {fixed!r}"
    for name in TEXT_FIELDS:
        if not isinstance(getattr(entry, name, ""), str):
            yield f"{name}={getattr(entry, name)!r} is no text", f"leave {name} out, or name one"
    for name in REFERENCE_FIELDS:
        value = getattr(entry, name, None)
        given = value is not None and not (name in OPTIONAL_FIELDS and value == "")
        if given and not names_something(value):
            yield f"{name}={value!r} does not name something", 'write it as "package.module:name"'
    for name in (*LIST_FIELDS, *REQUIREMENT_FIELDS):
        value = getattr(entry, name, ())
        if not _is_list(value) or (name in LIST_FIELDS and not _are_texts(value)):
            example = [value] if isinstance(value, str) else ["name"]
            yield f"{name}={value!r} is no list of names", f"for instance {name}={example}"
    if isinstance(entry, Environment):
        yield from _problems_of_environment(entry)
    if isinstance(entry, Architecture):
        yield from _problems_of_architecture(entry)
    if isinstance(entry, Exporter) and not SUFFIX.match(entry.suffix):
        yield f"suffix={entry.suffix!r} is none of a file", 'for instance suffix=".onnx"'
    if isinstance(entry, Reporter) and not FILENAME.match(entry.filename):
        problem = f"filename={entry.filename!r} is no name of a file in the reports folder"
        yield problem, 'for instance filename="mine.md"'
    if isinstance(entry, Runtime) and not entry.formats:
        yield "formats names none", 'for instance formats=["onnx"]'
    if isinstance(entry, Runtime) and entry.precision not in list(ROUNDINGS):
        yield f"precision={entry.precision!r} is none", f"known: {', '.join(ROUNDINGS)}"


def _problems_of_architecture(entry: Architecture) -> Iterator[Tuple[str, str]]:
    for name, is_right, example in (
        ("preparations", names_something, '{"torch_export": "my_models:prepare"}'),
        ("adversarial", _is_seed, '{"one detection": 7}'),
        ("keywords", lambda value: True, '{"classes": 10}'),
        ("profiles", _is_keywords, '{"slim": {"width": 8}, "full": {}}'),
    ):
        given = getattr(entry, name)
        if not isinstance(given, Mapping):
            yield f"{name}={given!r} is no mapping", f"for instance {example}"
        elif not all(isinstance(k, str) and k and is_right(v) for k, v in given.items()):
            yield f"{name}={given!r} is not understood", f"for instance {example}"
    for name in ("sizes", "other_sizes"):
        sizes = getattr(entry, name)
        if not _is_list(sizes) or not sizes or not all(map(_is_size, sizes)):
            example = "((224, 256), (203, 271))"
            yield f"{name} is no list of (height, width)", f"for instance {name}={example}"
    if not isinstance(entry.outputs, (OutputKind, str)):
        yield f"outputs={entry.outputs!r} is no output kind", "for instance outputs=Detections()"
    layouts = entry.layout if _is_list(entry.layout) else [entry.layout]
    if not any(layouts) or not all(isinstance(e, str) and LAYOUT.match(e) for e in layouts):
        example = 'for instance "NCHW", "[CHW]", or ("NCHW", "") with a number behind the images'
        yield f"layout={entry.layout!r} names no dimensions", example


def _is_keywords(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _problems_of_environment(entry: Environment) -> Iterator[Tuple[str, str]]:
    if entry.name == DEFAULT:
        yield "that is the environment that pytest runs in", "choose another name"
    python = entry.python if isinstance(entry.python, str) else ""
    if not PYTHON.match(python):
        yield f"python={entry.python!r} is no version of Python 3", 'for instance python="3.9"'
    elif tuple(map(int, python.split(".")))[:2] < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield f"python={python!r} is too old for a worker", f"{oldest} is the oldest"
    for requirement in (*entry.requirements, *entry.afterwards):
        if not isinstance(requirement, str) or not requirement.strip():
            yield f"{requirement!r} is no requirement", 'for instance "numpy==1.26.*"'
        elif requirement.lstrip().startswith("-"):
            variables = "options of uv are set by its variables, for instance UV_INDEX"
            yield f"{requirement!r} is an option, no requirement", variables


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _are_texts(values: Any) -> bool:
    return all(isinstance(each, str) for each in values)


def _is_size(size: Any) -> bool:
    return _is_list(size) and len(size) == 2 and all(isinstance(n, int) and n > 0 for n in size)
