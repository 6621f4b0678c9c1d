"""The messages between the parent and a worker: a request for each task, and the answer to it.

All of them are dataclasses, typed with `Outcome` and `Stage`. The parent writes requests and reads
answers, a worker the other way round; each side checks what it reads. `Request.task` says which
task a request is for.

A worker has only the standard library, so it reads with `read`, defined here. The parent reads
answers with msgspec (`execution.answers`).
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import (
    Any,
    ClassVar,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
    Union,
    get_type_hints,
)

from pytest_export_matrix.compare.answers import Comparison
from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage, Warned
from pytest_export_matrix.vocabulary.pytrees import TreeSpec

T = TypeVar("T")


@dataclass(frozen=True)
class Here:
    """Where a worker works: the folders that the project is imported from (its root first), the
    folder of the store, and how many threads a task may use."""

    paths: List[str]
    cache: str
    threads: int


@dataclass(frozen=True)
class Model:
    """The model under test."""

    build: str
    keywords: Dict[str, Any]
    inputs: str
    layouts: List[str]
    outputs: OutputKind


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
    """Build the model and keep its answers. `weights` is empty where none were kept yet."""

    task: ClassVar[str] = "prepare"
    stage: ClassVar[Stage] = Stage.BUILD

    model: Model
    device: str
    weights: str
    out: str
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
class FormatPart:
    """One format of `export`."""

    name: str
    out: str
    lower: str
    suffix: str


@dataclass(frozen=True)
class Export:
    """Capture the model and lower it. `example` is the folder of a kept case; without one, sample
    inputs of `sizes` are made, and without sizes there are none."""

    task: ClassVar[str] = "export"
    stage: ClassVar[Stage] = Stage.BUILD

    eager: Eager
    capture: str
    sizes: List[Tuple[int, int]]
    dynamic: List[str]
    example: str
    parts: List[FormatPart]


@dataclass(frozen=True)
class Infer:
    """Load a file, run it on `cases` (folders), compare. `exported_outputs` is the structure of the
    model's answer to the export's example, if there was one; `own_code` the module of the model,
    which is importable only `with_own_code`; `program` a folder, or empty."""

    task: ClassVar[str] = "infer"
    stage: ClassVar[Stage] = Stage.LOAD

    session: str
    file: str
    convention: str
    exported_outputs: Optional[TreeSpec]
    cases: List[str]
    outputs: OutputKind
    device: str
    other_device: str
    own_code: str
    program: str = ""
    extras: List[str] = field(default_factory=list)
    with_own_code: bool = False


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


Body = Union[Prepare, Agree, Export, Infer, Probe, BuildProgram]
TASKS: Dict[str, Type[Body]] = {
    kind.task: kind for kind in (Prepare, Agree, Export, Infer, Probe, BuildProgram)
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
    """What `prepare` keeps of a case beside its arrays: the structure of the inputs and of the
    answer, what the inputs show, and whether the model found anything to compare."""

    inputs: TreeSpec
    outputs: TreeSpec
    label: str
    shows: bool


@dataclass
class Written:
    """The file that `export` has written, and whether it takes "flat" or "structured" arguments."""

    file: str
    convention: str


@dataclass
class Answer:
    """How a task, or one part of it, ended, and what it found.

    `reason` is empty where it passed; `detail` a traceback or the end of a log. `note` names the
    part that the task was at. `transient`: it need not happen again. `seconds` by stage;
    `part_seconds` those of a part, None where it died before it answered. `dependencies` are the
    files that it was made from, each with its sha256.

    The rest is what tasks find: `eager` (prepare), `written` (export), `compared` (agree, infer),
    `changed` (agree), `ran` cases and `latency` in seconds (infer), `problem` (probe), `versions`
    (build_program). `failed_on` names the inputs that were answered wrongly, or the one at which
    the run ended.
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
    failed_on: List[str] = field(default_factory=list)
    ran: int = 0
    latency: Dict[str, float] = field(default_factory=dict)
    eager: Optional[EagerAnswer] = None
    written: Optional[Written] = None
    compared: Optional[Comparison] = None
    changed: str = ""
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


def to_json(value: Any) -> Dict[str, Any]:
    """A message as JSON holds it."""
    return dataclasses.asdict(value)


def read(kind: Type[T], data: Any, place: str = "message") -> T:
    """`data`, taken from JSON, as an object of `kind`: the inverse of `to_json`.

    Raises TypeError for what is missing, unknown or of another type, and names its place.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{place} is {data!r:.80}, expected {kind.__name__}")
    hints = get_type_hints(kind)
    known = {each.name: each for each in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise TypeError(f"{place} has unknown {', '.join(unknown)}")
    missing = [name for name, each in known.items() if name not in data and _is_required(each)]
    if missing:
        raise TypeError(f"{place} lacks {', '.join(missing)}")
    values = {
        name: _read(hints[name], data[name], f"{place}.{name}") for name in known if name in data
    }
    return kind(**values)


def _is_required(field: Any) -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def _read(hint: Any, value: Any, place: str) -> Any:
    """`value` as the type `hint`, which must be one that messages use."""
    origin: Any = getattr(hint, "__origin__", None)
    arguments: Tuple[Any, ...] = getattr(hint, "__args__", ())
    if hint is Any:
        return value
    if origin is Union:
        if value is None and type(None) in arguments:
            return None
        return _read(next(each for each in arguments if each is not type(None)), value, place)
    if dataclasses.is_dataclass(hint):
        return read(hint, value, place)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    kind = origin or hint
    if issubclass(kind, Mapping):
        _check(value, dict, place)
        return {key: _read(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    if issubclass(kind, Sequence) and kind is not str:
        _check(value, (list, tuple), place)
        several = arguments if kind is tuple else (arguments[0],) * len(value)
        if len(several) != len(value):
            raise TypeError(f"{place} is {value!r:.80}, expected {len(several)} items")
        items = [_read(each, item, f"{place}[]") for each, item in zip(several, value)]
        return tuple(items) if kind is tuple else items
    _check(value, (int, float) if kind is float else kind, place)
    if isinstance(value, bool) and kind is not bool:
        raise TypeError(f"{place} is {value!r}")
    return value


def _check(value: Any, kind: Any, place: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{place} is {value!r:.80}")
