"""What exists: architectures, exporters, runtimes, environments, ... Imports none of them.

Everything that has to cross into a worker is named "module:attribute". The built-in entries are
the visible tables of `exporters`, `runtimes`, `compare` and `reporters`; they are added through
the same hook as anybody else's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from pytest_export_matrix.cells import NAME, PREPARED, Cell
from pytest_export_matrix.errors import UsageError, unknown

NAMED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")
PYTHON = re.compile(r"3\.\d+(\.\d+)?\Z")
#: The oldest Python that the worker side runs on.
OLDEST_PYTHON = (3, 8)
#: The name of the environment that pytest runs in.
DEFAULT = "default"
Size = Tuple[int, int]


class Eager(NamedTuple):
    """What distinguishes the eager models that exporters start from. The fields after the
    environment name functions that change the model in place and return what they changed."""

    environment: str = DEFAULT
    conventions: str = ""
    preparation: str = ""

    @property
    def changes(self) -> List[str]:
        """The functions to call, in order."""
        return [name for name in (self.conventions, self.preparation) if name]


@dataclass(frozen=True)
class OutputKind:
    """What the outputs of a model mean, and so how two answers are compared.

    `compare` names a function (reference, actual, options) -> deviation, both trees of arrays;
    see `pytest_export_matrix.compare` for what it returns. `options` is any JSON.
    """

    name: str
    compare: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Architecture:
    """A model family under test.

    build: "module:factory" of a `torch.nn.Module`, called with `keywords` and those of the profile.
    inputs: "module:function", called with (sizes, seed): sizes holds (height, width) of each image
        of the batch, seed picks the pictures; it returns the tuple of the model's arguments.
    outputs: an output kind, or the name of a registered one.
    adversarial: {what it shows: seed} of sample inputs that are run beside the ordinary ones (or
        that are among them), such as {"one detection": 7}; a failure names them.
    layout: the dimensions of each positional argument, "NCHW" for a batch tensor, "[CHW]" for a
        list of images; N, H and W are what an export may have to declare dynamic.
    sizes: (height, width) that a model is exported at; image i of a batch has sizes[i % len].
    other_sizes: (height, width) that cells of dynamic resolution are run at.
    profiles: further keywords of `build` by profile; an architecture without is the same in each.
    preparations: {export method: "module:function"} where the model has to be changed before the
        method can export it. The function changes the eager model in place and returns in words
        what it changed. The cells of that method are there twice then, `plain` and `prepared`; a
        prepared model has to answer as the plain one does before it is exported.
    environment: where it is built and answers. What is built in the default one is exported from
        others as well; what needs another one is exported there alone.
    family: of a library with exporters of its own; exporters of a family and its architectures
        go with each other alone.
    """

    name: str
    build: str
    inputs: str = "pytest_export_matrix.samples:image_batch"
    outputs: Union[OutputKind, str] = "tensors"
    adversarial: Mapping[str, int] = field(default_factory=dict)
    layout: Union[str, Sequence[str]] = "NCHW"
    sizes: Sequence[Size] = ((224, 256),)
    other_sizes: Sequence[Size] = ((160, 192), (320, 384), (192, 320), (203, 271))
    keywords: Mapping[str, Any] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    preparations: Mapping[str, str] = field(default_factory=dict)
    environment: str = DEFAULT
    family: str = ""

    @property
    def reference(self) -> Eager:
        """The eager model that all answers are compared with."""
        return Eager(self.environment)

    @property
    def layouts(self) -> Tuple[str, ...]:
        return (self.layout,) if isinstance(self.layout, str) else tuple(self.layout)

    @property
    def takes_list(self) -> bool:
        """Whether a batch is a list, so that its images may differ in size."""
        return any(layout.startswith("[") for layout in self.layouts)


@dataclass(frozen=True)
class Exporter:
    """One (method, format) pair that can be carried out.

    capture: "module:function" (context) -> captured model; exporters of one method that name the
        same capture share it. lower: "module:function" (captured, path, context) -> whether the
        file takes "flat" or "structured" arguments. See `exporters.context`.
    needs_inputs: False where the file is the same whatever the example inputs are.
    declares: the dimensions that this exporter has to be told are dynamic ("resolution",
        "batch"); a file that needs no declaration serves cells of both kinds.
    modules: what has to be importable in the environment; commands: what has to be on the path.
    portable: False where a file is made for the device that it is exported on. Others are loaded
        on the other device as well, where there is one.
    conventions: "module:function" that runs in another environment, where a library of another
        version does something otherwise which the file does as the default environment does it. It
        changes the model that was built there accordingly, before eager of both is compared, and
        returns what was changed; the cell says so.
    family: see `Architecture`.
    """

    method: str
    format: str
    capture: str
    lower: str
    suffix: str
    needs_inputs: bool = True
    declares: Sequence[str] = ()
    modules: Sequence[str] = ("torch",)
    environment: str = DEFAULT
    conventions: str = ""
    commands: Sequence[str] = ()
    portable: bool = True
    family: str = ""

    @property
    def name(self) -> str:
        return f"{self.method}/{self.format}"

    def takes(self, architecture: Architecture) -> bool:
        """Whether the two go together."""
        there = architecture.environment in (DEFAULT, self.environment)
        return there and self.family == architecture.family


@dataclass(frozen=True)
class Runtime:
    """An engine that loads files of some formats and executes them, from one language.

    session: "module:Session"; see `runtimes` for what it offers. extras: modules that a file may
    need beside the engine, tried only where the engine alone does not do. modules: what has to be
    importable for the engine to be there at all; preload: those of them that are slow to import
    and safe to fork after.
    program: "module:function" that builds the program the engine runs in, where that is not
        Python; see `runtimes`. Where the module is a package, every file in its folder is a source
        of the program. commands: what has to be on the path, to build it or to run it.
    convention: "flat" where the engine takes the tensors of the arguments one by one, and answers
        so, whatever the file was made from.
    family: where it takes the files of one family of architectures alone; else those of all.
    """

    name: str
    formats: Sequence[str]
    session: str
    language: str = "python"
    modules: Sequence[str] = ()
    preload: Sequence[str] = ()
    extras: Sequence[str] = ()
    environment: str = DEFAULT
    program: str = ""
    commands: Sequence[str] = ()
    convention: str = ""
    family: str = ""

    def takes(self, architecture: Architecture) -> bool:
        return self.family in ("", architecture.family)


@dataclass(frozen=True)
class Environment:
    """A Python and its packages, installed when a cell first needs them.

    python: a version, "3.9" or "3.9.18". requirements: as pip takes them; the worker itself needs
    `numpy`, an exporter `torch` and `safetensors` as well. weights: "module:function" that runs
    there; it is called with the names of a state_dict of the default environment and returns
    {name: name here} of those whose names differ between the versions of a library. afterwards:
    requirements that are built with what the others have installed, as `pip install
    --no-build-isolation` does it.
    """

    name: str
    python: str = "3.9"
    requirements: Sequence[str] = ()
    weights: str = ""
    afterwards: Sequence[str] = ()


@dataclass(frozen=True)
class Reporter:
    """A file written into the reports folder: render names a function (results file) -> text.

    needs: modules that rendering takes files or functions from. Where one of them is not
    installed the file is not written, and the run says that `pip install` of `extra` mends it.
    """

    name: str
    filename: str
    render: str
    needs: Sequence[str] = ()
    extra: str = ""


Entry = Union[Architecture, Exporter, Runtime, Environment, OutputKind, Reporter]
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
