"""What can be registered: architectures, exporters, runtimes, environments, ...

Everything that has to cross into a worker is named "module:attribute".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Mapping, NamedTuple, Sequence, Tuple, Union

#: The name of the environment that pytest runs in.
DEFAULT = "default"
#: The precision of eager models.
FULL = "float32"
#: The modules that build a model and save its weights and answers, for every export method.
BUILD_MODULES = ("torch", "safetensors", "numpy")
Size = Tuple[int, int]


class Eager(NamedTuple):
    """The kind of eager model that an exporter starts from. `conventions` and `preparation` name
    functions that change the model in place and return what they changed."""

    environment: str = DEFAULT
    conventions: str = ""
    preparation: str = ""

    @property
    def changes(self) -> List[Tuple[str, str]]:
        """The functions to call, in order: (the field that names it, "module:function")."""
        named = [("conventions", self.conventions), ("preparation", self.preparation)]
        return [(field, reference) for field, reference in named if reference]


@dataclass(frozen=True)
class OutputKind:
    """What the outputs of a model mean, and so how two answers are compared.

    `compare` names a function (reference, actual, options) -> deviation. `reference` and `actual`
    are trees of arrays, `options` is any JSON; `pytest_export_matrix.compare` describes deviations.

    measure: "module:function" (reference, others, truth, options) -> `compare.noise.Noise`, of
        eager's answer to one case, its other answers to the same case, and the one in float64 (None
        where the model has none). With it `compare` is called with that noise as a fourth argument.
    """

    name: str
    compare: str
    options: Mapping[str, Any] = field(default_factory=dict)
    measure: str = ""


@dataclass(frozen=True)
class Architecture:
    """A model family under test.

    build: "module:factory" of a `torch.nn.Module`, called with `keywords` and those of the profile.
    inputs: "module:function", called with (sizes, seed): sizes holds (height, width) of each image
        of the batch, seed picks the pictures; it returns the tuple of the model's arguments.
    calibrate: "module:function" of the model, where its weights follow from data. It is called
        once; other processes load what it left. It returns attributes that belong to the weights
        and are no part of the state, such as {"roi_heads.score_thresh": 0.3}: numbers or texts.
    outputs: an output kind, or the name of a registered one.
    adversarial: {what it shows: seed} of sample inputs, such as {"one detection": 7}. They are run
        beside the ordinary ones, or are some of these; a failure names them.
    layout: the dimensions of each positional argument, "NCHW" for a batch tensor, "[CHW]" for a
        list of images, "" for a number. An export may have to declare N, H and W dynamic. The last
        one serves all further arguments.
    sizes: (height, width) that a model is exported at; image i of a batch has sizes[i % len].
    other_sizes: (height, width) that cells of dynamic resolution are run at.
    profiles: further keywords of `build`, by profile. Without any, all profiles are the same.
    preparations: {export method: "module:function"} where the model has to be changed before the
        method can export it. The function changes the eager model in place and returns in words
        what it changed. Each cell of that method then comes twice, `plain` and `prepared`. A
        prepared model is exported only if it answers as the plain one does. See
        `Exporter.prepared_as`.
    environment: where the model is built and answers. A model of the default environment is
        exported from the others as well; a model of another environment is exported only there.
    family: names a library with exporters of its own. An exporter takes only architectures of its
        own family.
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
    calibrate: str = ""

    @property
    def reference(self) -> Eager:
        """The eager model that all answers are compared with."""
        return Eager(self.environment)

    @property
    def layouts(self) -> Tuple[str, ...]:
        return (self.layout,) if isinstance(self.layout, str) else tuple(self.layout)

    def preparation_for(self, exporter: "Exporter") -> str:
        """What prepares it for `exporter`; "" where nothing does."""
        for method in (exporter.method, exporter.prepared_as):
            if method in self.preparations:
                return self.preparations[method]
        return ""

    @property
    def takes_list(self) -> bool:
        """Whether a batch is a list, so that its images may differ in size."""
        return any(layout.startswith("[") for layout in self.layouts)


@dataclass(frozen=True)
class Exporter:
    """One (method, format) pair that can be carried out.

    capture: "module:function" (context) -> captured model. lower: "module:function" (captured,
        path, context) -> whether the file takes "flat" or "structured" arguments. The two run in a
        process that exports this format alone. See `exporters.context`.
    needs_inputs: False where the file is the same whatever the example inputs are.
    declares: the dimensions ("resolution", "batch") that this exporter makes dynamic only when it
        is told to. A file that needs no declaration serves fixed and dynamic cells.
    modules: what has to be importable in the environment; commands: what has to be on the path.
    portable: False where a file works only on the device that it is exported on. Other files are
        loaded on the other device as well, if the machine has one.
    conventions: "module:function" for an environment whose version of a library differs in a
        convention from the default environment, while the exported file does not. The function
        runs there, before the eager answers of the two environments are compared. It changes the
        model to the default convention and returns what it changed; the cell says so.
    runtimes: the names of the runtimes that its files are made for, where that is not every runtime
        of the format. With the others it is a foreign pair; see `Runtime.methods`.
    family: see `Architecture`.
    prepared_as: the export method whose preparations suit this one as well, since it captures
        models alike. An architecture that names one for this method is prepared by that.
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
    runtimes: Sequence[str] = ()
    family: str = ""
    prepared_as: str = ""

    @property
    def name(self) -> str:
        return f"{self.method}/{self.format}"

    def takes(self, architecture: Architecture) -> bool:
        """Whether this exporter can export `architecture`."""
        there = architecture.environment in (DEFAULT, self.environment)
        return there and self.family == architecture.family


@dataclass(frozen=True)
class Runtime:
    """An engine that loads files of some formats and executes them, from one language.

    session: "module:Session"; see `runtimes` for what it offers. extras: modules that a file may
    need beside the engine, tried only where the engine alone fails. modules: what has to be
    importable for the engine to work at all. preload: modules that are slow to import and safe to
    fork after.
    program: "module:function" that builds the program the engine runs in, where that is not
        Python; see `runtimes`. Where the module is a package, every file in its folder is a source
        of the program. commands: what has to be on the path, to build it or to run it.
    convention: "flat" where the engine takes and returns the tensors one by one, whatever the file
        was made from.
    methods: the export methods whose files it is meant for, where that is not every method of its
        formats. A pair that either side does not claim is foreign: nobody promises that it works.
        It is planned with --export-matrix-foreign alone.
    precision: "float16", "bfloat16" or "tf32" where the engine computes in that, whatever the file
        holds. Its answers are then judged by the noise of that precision, and the cell says so.
    family: where it takes only the files of one family of architectures; without one, all files.
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
    methods: Sequence[str] = ()
    family: str = ""
    precision: str = FULL

    def takes(self, architecture: Architecture) -> bool:
        return self.family in ("", architecture.family)

    def is_foreign_to(self, exporter: Exporter) -> bool:
        """Whether one of the two does not claim that this runtime runs files of `exporter`."""
        claimed = not self.methods or exporter.method in self.methods
        return not claimed or (bool(exporter.runtimes) and self.name not in exporter.runtimes)


@dataclass(frozen=True)
class Environment:
    """A Python and its packages, installed when a cell first needs them.

    python: a version, "3.9" or "3.9.18". requirements: as pip takes them; the worker itself needs
    `numpy`, an exporter `torch` and `safetensors` as well. weights: "module:function" that runs
    there. It gets the names in a state_dict of the default environment and returns
    {name: name here} for those that differ between the versions of a library. afterwards:
    requirements whose build needs the others installed, as with `pip install
    --no-build-isolation`.
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
