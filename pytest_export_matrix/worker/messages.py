"""The messages between the parent and a worker: a request for each task, and the answer to it.

All of them are dataclasses, typed with `Outcome` and `Stage`. The parent writes requests and reads
answers, a worker the other way round; each side checks what it reads. `Request.task` says which
task a request is for.

A worker has only the standard library and reads with `dataclass_json`. The parent reads answers
with msgspec (`execution.answers`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import (
    Any,
    ClassVar,
    Dict,
    List,
    Optional,
    Tuple,
    Type,
    Union,
)

from pytest_export_matrix.compare.answers import Comparison
from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.outcomes import Outcome, Sight, Stage, Warned
from pytest_export_matrix.vocabulary.pytrees import TreeSpec, is_flat
from pytest_export_matrix.vocabulary.used import EVERYTHING, Used


@dataclass(frozen=True)
class Here:
    """Where a worker works: the folders that the project is imported from (its root first), the
    folder whose files are no sources of the answer (that of the store, which a task that runs an
    engine is not told), and how many threads a task may use."""

    paths: List[str]
    cache: str
    threads: int


@dataclass(frozen=True)
class Model:
    """The model under test. `calibrate` is empty where its weights are those of the factory."""

    build: str
    keywords: Dict[str, Any]
    inputs: str
    layouts: List[str]
    outputs: OutputKind
    calibrate: str = ""


@dataclass(frozen=True)
class Eager:
    """An eager model that is built again on a device. `weights` is a file, `renames` names the
    function that renames them, `changes` holds (field, function) that change the model."""

    model: Model
    device: str
    weights: str
    renames: str
    changes: List[Tuple[str, str]]


# Messages of the worker itself, and of every task.


@dataclass(frozen=True)
class WorkerConfig:
    """What a worker looks for (`modules`) and imports before any task (`preload`)."""

    modules: List[str]
    preload: List[str]


@dataclass(frozen=True)
class Ready:
    """The worker waits for tasks; `missing` are the modules that are not there."""

    missing: List[str]


@dataclass(frozen=True)
class Started:
    """The process of a task, and when it began (seconds since the epoch)."""

    pid: int
    at: float


@dataclass(frozen=True)
class Ended:
    """How the process of a task ended, as os.waitpid gives it."""

    status: int


# The requests. Each names its task, and the stage that a cell fails at where no worker starts.


@dataclass(frozen=True)
class CasePart:
    """One case of `prepare`: (height, width) of each image, and which pictures."""

    name: str
    out: str
    sizes: List[Tuple[int, int]]
    seed: int
    label: str


@dataclass(frozen=True)
class Prepare:
    """Build the model and keep its answers. `weights` is empty where none were kept yet;
    `precisions` are those below float32 that an engine computes in."""

    task: ClassVar[str] = "prepare"
    stage: ClassVar[Stage] = Stage.BUILD

    model: Model
    device: str
    weights: str
    out: str
    precisions: List[str]
    parts: List[CasePart]


@dataclass(frozen=True)
class AgreePart:
    """One case of `agree`: `case` is the folder that `prepare` has filled."""

    name: str
    out: str
    case: str


@dataclass(frozen=True)
class Agree:
    """Compare another eager model's answers with those that were kept."""

    task: ClassVar[str] = "agree"
    stage: ClassVar[Stage] = Stage.BUILD

    eager: Eager
    parts: List[AgreePart]


@dataclass(frozen=True)
class See:
    """Find out which tensors of the model the `cases` (folders) see."""

    task: ClassVar[str] = "see"
    stage: ClassVar[Stage] = Stage.BUILD

    eager: Eager
    cases: List[str]


@dataclass(frozen=True)
class FormatPart:
    """One format of `export`."""

    name: str
    out: str
    lower: str
    suffix: str


@dataclass(frozen=True)
class Export:
    """Capture the model and lower it. `example` is the folder of a kept case; without one, sample
    inputs of `sizes` are made, and without sizes there are none. `takes_tensors` says whether it
    takes and returns tensors alone."""

    task: ClassVar[str] = "export"
    stage: ClassVar[Stage] = Stage.BUILD

    eager: Eager
    capture: str
    sizes: List[Tuple[int, int]]
    dynamic: List[str]
    example: str
    takes_tensors: bool
    parts: List[FormatPart]


@dataclass(frozen=True)
class AskedCase:
    """What an engine gets of a case: an npz file of the input arrays, their structure, and what
    they show."""

    arrays: str
    structure: TreeSpec
    label: str


@dataclass(frozen=True)
class Infer:
    """Load a file and ask it. `calls` says which of `cases` each call asks about: first all of
    them in order, then some again. The answers are kept in the folder `answers`, as they come.

    `own_code` is the module of the model, which is importable only `with_own_code`; `program` a
    folder, or empty. Nothing here says what the right answers are, or where they are kept.
    """

    task: ClassVar[str] = "infer"
    stage: ClassVar[Stage] = Stage.LOAD

    session: str
    file: str
    convention: str
    cases: List[AskedCase]
    calls: List[int]
    answers: str
    device: str
    own_code: str
    program: str = ""
    extras: List[str] = field(default_factory=list)
    with_own_code: bool = False


@dataclass(frozen=True)
class Compare:
    """Compare the `answers` (a folder) that `infer` kept of `calls` with those that `prepare` kept
    of `cases` (folders). `exported_outputs` is the structure of the model's answer to the export's
    example, if there was one; `precision` is what the engine computes in."""

    task: ClassVar[str] = "compare"
    stage: ClassVar[Stage] = Stage.COMPARE

    answers: str
    cases: List[str]
    calls: List[int]
    outputs: OutputKind
    convention: str
    exported_outputs: Optional[TreeSpec]
    precision: str


@dataclass(frozen=True)
class Probe:
    """Find out whether `session` can work on `device`."""

    task: ClassVar[str] = "probe"
    stage: ClassVar[Stage] = Stage.LOAD

    session: str
    device: str


@dataclass(frozen=True)
class BuildProgram:
    """Build a runtime's program into the folder `out`."""

    task: ClassVar[str] = "build_program"
    stage: ClassVar[Stage] = Stage.LOAD

    program: str
    out: str


Body = Union[Prepare, Agree, See, Export, Infer, Compare, Probe, BuildProgram]
TASKS: Dict[str, Type[Body]] = {
    kind.task: kind for kind in (Prepare, Agree, See, Export, Infer, Compare, Probe, BuildProgram)
}


@dataclass(frozen=True)
class Request:
    """A request, its task, and where a worker carries it out."""

    task: str
    here: Here
    body: Dict[str, Any]


# The answers.


@dataclass
class EagerAnswer:
    """What `prepare` keeps of a case beside its arrays: the structure of the inputs, of the answer
    and of its noise by precision (None where it was not measured), what the inputs show, whether
    the model found anything to compare, and what a reader of any cell should know of the model."""

    inputs: TreeSpec
    outputs: TreeSpec
    label: str
    shows: bool
    noises: TreeSpec = field(default_factory=lambda: {"value": None})
    notes: List[str] = field(default_factory=list)

    @property
    def takes_tensors(self) -> bool:
        """Whether the model takes and returns tensors alone, one by one."""
        return is_flat(self.inputs) and is_flat(self.outputs)

    def noise(self, precision: str) -> TreeSpec:
        """The structure of the noise in one precision."""
        return dict(self.noises["dict"])[precision] if "dict" in self.noises else self.noises


@dataclass
class Written:
    """The file that `export` has written, whether it takes "flat" or "structured" arguments, and
    the modules of other libraries that a runtime may need to load it."""

    file: str
    convention: str
    modules: List[str] = field(default_factory=list)


@dataclass
class Answer:
    """How a task, or one part of it, ended, and what it found.

    `reason` is empty where it passed; `detail` a traceback or the end of a log. `note` names the
    part that the task was at. `transient`: it need not happen again. `seconds` by stage;
    `part_seconds` those of a part, None where it died before it answered. `dependencies` are the
    files that it was made from, each with its sha256; `used` is what it used of its environment.

    The rest is what tasks find: `eager` (prepare), `written` (export), `compared` (agree, compare),
    `changed` (agree), `sight` (see), `ran` cases (infer, compare), `latency` in seconds (infer),
    `problem` (probe), `versions` (build_program). `failed_on` names the inputs that were answered
    wrongly, or the one at which the run ended.
    """

    outcome: Outcome = Outcome.PASSED
    stage: Optional[Stage] = None
    reason: str = ""
    detail: str = ""
    log: str = ""
    note: str = ""
    transient: bool = False
    seconds: Dict[str, float] = field(default_factory=dict)
    part_seconds: Optional[float] = None
    warnings: List[Warned] = field(default_factory=list)
    dependencies: Dict[str, str] = field(default_factory=dict)
    used: Used = EVERYTHING
    failed_on: List[str] = field(default_factory=list)
    ran: int = 0
    latency: Dict[str, float] = field(default_factory=dict)
    eager: Optional[EagerAnswer] = None
    written: Optional[Written] = None
    compared: Optional[Comparison] = None
    changed: str = ""
    sight: Optional[Sight] = None
    problem: str = ""
    versions: Dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED


@dataclass
class Known:
    """What is known of a task even where it ends in an exception or a crash."""

    ran: int = 0
    latency: Dict[str, float] = field(default_factory=dict)
    failed_on: List[str] = field(default_factory=list)


@dataclass
class StageEvent:
    """A stage that begins at `at` (seconds since the epoch). With `known`, the stage goes on, and
    `note` says where it is."""

    stage: Stage
    note: str
    at: float
    known: Optional[Known] = None
