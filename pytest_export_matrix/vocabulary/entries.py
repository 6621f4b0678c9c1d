"""What can be registered: architectures, exporters, runtimes, environments, ...

Everything that has to cross into a worker is named "module:attribute".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Mapping, NamedTuple, Sequence, Tuple, Union

#: The name of the environment that pytest runs in.
DEFAULT = "default"
#: What building a model and keeping its weights and answers takes, whatever the export method.
BUILD_MODULES = ("torch", "safetensors", "numpy")
Size = Tuple[int, int]


class Eager(NamedTuple):
    """What distinguishes the eager models that exporters start from. The fields after the
    environment name functions that change the model in place and return what they changed."""

    environment: str = DEFAULT
    conventions: str = ""
    preparation: str = ""

    @property
    def changes(self) -> List[Tuple[str, str]]:
        """The functions to call, in order, each after the field that names it."""
        named = [("conventions", self.conventions), ("preparation", self.preparation)]
        return [(field, reference) for field, reference in named if reference]


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
