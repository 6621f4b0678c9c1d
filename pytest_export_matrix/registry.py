"""What is registered, checked as it is added.

The built-in entries are the visible tables of `exporters`, `runtimes`, `compare` and `reporters`;
they are added through the same hook as anybody else's.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from pytest_export_matrix.cells import NAME, PREPARED, Cell
from pytest_export_matrix.entries import (
    DEFAULT,
    Architecture,
    Eager,
    Entry,
    Environment,
    Exporter,
    OutputKind,
    Reporter,
    Runtime,
)
from pytest_export_matrix.errors import UsageError, unknown

NAMED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")
PYTHON = re.compile(r"3\.\d+(\.\d+)?\Z")
#: The oldest Python that the worker side runs on.
OLDEST_PYTHON = (3, 8)
KINDS = {
    Architecture: "architecture",
    Exporter: "exporter",
    Runtime: "runtime",
    Environment: "environment",
    OutputKind: "output kind",
    Reporter: "reporter",
}
REFERENCE_FIELDS = (
    *("build", "inputs", "compare", "capture", "lower", "session", "render"),
    *("weights", "conventions", "program"),
)
#: References that need not be given.
OPTIONAL_FIELDS = ("weights", "conventions", "program")
#: Lists of names.
LIST_FIELDS = (
    *("formats", "modules", "preload", "extras", "commands"),
    *("needs", "declares", "requirements", "afterwards"),
)


class Registry:
    """The entries by kind, in order of registration."""

    def __init__(self) -> None:
        self._entries: Dict[type, Dict[str, Any]] = {kind: {} for kind in KINDS}

    def add(self, entry: Entry) -> None:
        """Register `entry`. Raises UsageError where it is malformed or its name is taken."""
        if type(entry) not in KINDS:
            raise UsageError(
                f"registry.add({entry!r})",
                f"a {type(entry).__name__} cannot be registered",
                remedy=f"add one of: {', '.join(kind.__name__ for kind in KINDS)}",
            )
        asked = f"registration of {KINDS[type(entry)]} {entry.name!r}"
        _check(asked, entry)
        taken = self._entries[type(entry)]
        if entry.name in taken:
            raise UsageError(
                asked,
                "that name is registered already",
                remedy=f"rename one of {taken[entry.name]!r} and {entry!r}",
            )
        taken[entry.name] = entry

    @property
    def architectures(self) -> List[Architecture]:
        return list(self._entries[Architecture].values())

    def replace_architectures(self, architectures: Sequence[Architecture]) -> None:
        """Put those of one profile in the place of those registered."""
        self._entries[Architecture] = {entry.name: entry for entry in architectures}

    @property
    def exporters(self) -> List[Exporter]:
        return list(self._entries[Exporter].values())

    @property
    def runtimes(self) -> List[Runtime]:
        return list(self._entries[Runtime].values())

    @property
    def environments(self) -> List[Environment]:
        return list(self._entries[Environment].values())

    @property
    def reporters(self) -> List[Reporter]:
        return list(self._entries[Reporter].values())

    def architecture(self, name: str) -> Architecture:
        entry: Architecture = self._entries[Architecture][name]
        return entry

    def exporter(self, method: str, format: str) -> Exporter:
        entry: Exporter = self._entries[Exporter][f"{method}/{format}"]
        return entry

    def runtime(self, name: str) -> Runtime:
        entry: Runtime = self._entries[Runtime][name]
        return entry

    def environment(self, name: str) -> Optional[Environment]:
        """None for the one that pytest runs in."""
        if name == DEFAULT:
            return None
        entry: Environment = self._entries[Environment][name]
        return entry

    def check_environments(self) -> None:
        """Raises UsageError where an entry names an unknown environment."""
        known = {DEFAULT, *self._entries[Environment]}
        built: List[Union[Architecture, Exporter, Runtime]] = [*self.architectures]
        entries = [*built, *self.exporters, *self.runtimes]
        for entry in entries:
            if entry.environment not in known:
                asked = f"registration of {KINDS[type(entry)]} {entry.name!r}"
                raise unknown(asked, "environment", entry.environment, known)

    def check_preparations(self) -> None:
        """Raises UsageError where an architecture is prepared for an unknown export method."""
        known = {exporter.method for exporter in self.exporters}
        for architecture in self.architectures:
            for method in architecture.preparations:
                if method not in known:
                    asked = f"registration of architecture {architecture.name!r}, preparations"
                    raise unknown(asked, "export method", method, known)

    def eager(self, cell: Cell) -> Eager:
        """The eager model that the exporter of `cell` starts from."""
        exporter = self.exporter(cell.method, cell.format)
        preparations = self.architecture(cell.architecture).preparations
        preparation = preparations[cell.method] if cell.preparation == PREPARED else ""
        return Eager(exporter.environment, exporter.conventions, preparation)

    def outputs(self, architecture: Architecture) -> OutputKind:
        """The output kind of `architecture`. Raises UsageError where it names an unknown one."""
        if isinstance(architecture.outputs, OutputKind):
            return architecture.outputs
        kinds = self._entries[OutputKind]
        if architecture.outputs not in kinds:
            asked = f"registration of architecture {architecture.name!r}"
            raise unknown(asked, "output kind", architecture.outputs, kinds)
        kind: OutputKind = kinds[architecture.outputs]
        return kind


def _check(asked: str, entry: Entry) -> None:
    """Raise UsageError for the first field of `entry` that is malformed."""
    for problem, remedy in _problems(entry):
        raise UsageError(asked, problem, remedy=remedy)


def _problems(entry: Entry) -> Iterator[Tuple[str, str]]:
    parts = entry.name.split("/") if isinstance(entry.name, str) else [""]
    if not all(NAME.match(part) for part in parts):
        fixed = re.sub(r"[^A-Za-z0-9_.]+", "_", str(entry.name))
        yield "a name holds only letters, digits, _ and .", f"try {fixed!r}"
    for name in REFERENCE_FIELDS:
        value = getattr(entry, name, None)
        given = value is not None and not (name in OPTIONAL_FIELDS and value == "")
        if given and not _names_something(value):
            yield f"{name}={value!r} does not name something", 'write it as "package.module:name"'
    for name in LIST_FIELDS:
        if not _is_list(getattr(entry, name, ())):
            value = getattr(entry, name)
            yield f"{name}={value!r} is no list of names", f"for instance {name}=[{value!r}]"
    if isinstance(entry, Environment):
        yield from _problems_of_environment(entry)
    if isinstance(entry, Architecture):
        for name, is_right, example in (
            ("preparations", _names_something, '{"torch_export": "my_models:prepare"}'),
            ("adversarial", _is_seed, '{"one detection": 7}'),
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
            yield (
                f"outputs={entry.outputs!r} is no output kind",
                "for instance outputs=Detections()",
            )
        if not all(re.match(r"[A-Z]+\Z|\[[A-Z]+\]\Z", layout) for layout in entry.layouts):
            yield f"layout={entry.layout!r} names no dimensions", "for instance NCHW or [CHW]"


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


def _names_something(value: Any) -> bool:
    return isinstance(value, str) and bool(NAMED.match(value))


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_size(size: Any) -> bool:
    return _is_list(size) and len(size) == 2 and all(isinstance(n, int) and n > 0 for n in size)
