"""The answer of a step: a worker's answer, and what the step adds to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type, TypeVar

from pytest_export_matrix.machine.json_files import convert
from pytest_export_matrix.results.result import Artifact, Trial
from pytest_export_matrix.vocabulary.outcomes import STAGES, Outcome, Stage, shorten
from pytest_export_matrix.vocabulary.used import Used
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.messages import Answer

T = TypeVar("T")
#: What was used of each environment, by its name.
Uses = Dict[str, Used]


@dataclass
class UnderLimits:
    """What a task was allowed: seconds for each stage, bytes of memory."""

    seconds: float
    memory: int


@dataclass
class StepAnswer(Answer):
    """A worker's answer, and what a step adds to it.

    limits: what the task was allowed. uses: what it used of each environment. tried: it failed
    twice. flaky: how the first try ended where the second passed. extras: modules that the file
    needs; trials: the attempts that showed it. Not kept in the store are cached: the answer comes
    from there; key and folder: those of its entry; artifact: what the exported file is.
    """

    limits: Optional[UnderLimits] = None
    uses: Uses = field(default_factory=dict)
    tried: bool = False
    flaky: Optional[Answer] = None
    extras: List[str] = field(default_factory=list)
    trials: List[Trial] = field(default_factory=list)
    cached: bool = False
    key: str = ""
    folder: str = ""
    artifact: Optional[Artifact] = None

    @classmethod
    def of(cls, answer: Answer, environment: str, limits: UnderLimits) -> "StepAnswer":
        """The answer of a worker in `environment` as a step's."""
        found = {each.name: getattr(answer, each.name) for each in fields(Answer)}
        return cls(**found, limits=limits, uses={environment: answer.used})

    def to_store(self) -> Dict[str, Any]:
        """The answer as the store keeps it."""
        return {name: value for name, value in asdict(self).items() if name not in NOT_STORED}


#: `uses` is kept beside the answer: it says whether the answer is looked at.
NOT_STORED = ("cached", "key", "folder", "artifact", "used", "uses")


def read_answer(folder: str, stage: Optional[Stage] = None) -> Optional[Answer]:
    """The answer that a task has written into `folder`, None where it wrote none.

    A malformed answer is a failure of the task, at the stage that it names or else at `stage`.
    """
    data = None
    try:
        data = protocol.read_json(folder, protocol.ANSWER)
        return None if data is None else convert(data, Answer)
    except ValueError as error:
        known = data.get("stage") if isinstance(data, dict) else None
        stage = Stage(known) if known in STAGES else stage
        reason = f"the task's answer cannot be read: {error}"
        return Answer(Outcome.FAILED, stage, reason, detail=shorten(repr(data)))


def unavailable(reason: str) -> StepAnswer:
    """The answer for something that is not available here."""
    return StepAnswer(Outcome.UNAVAILABLE, reason=reason)


def dependencies(answers: Sequence[Answer]) -> Dict[str, str]:
    """Every file that one of `answers` was made from, with its sha256."""
    found: Dict[str, str] = {}
    for answer in answers:
        found.update(answer.dependencies)
    return found


def merged(*uses: Uses) -> Uses:
    """What was used of each environment by one of several tasks."""
    found: Uses = {}
    for environment, used in (item for each in uses for item in each.items()):
        before = found.get(environment, Used())
        found[environment] = Used(
            sorted({*before.names, *used.names}),
            sorted({*before.sought, *used.sought}),
            before.everything or used.everything,
        )
    return found


def progress(answer: Answer) -> int:
    """The index of the stage that an answer ended at; -1 where it names none."""
    return STAGES.index(answer.stage) if answer.stage else -1


def stopped_before(answer: Answer, stage: Stage) -> bool:
    """Whether an ordinary failure, no crash, ended the task before `stage`."""
    return answer.outcome is Outcome.FAILED and progress(answer) < STAGES.index(stage)


def with_capture(answer: StepAnswer, whole: Answer, parts: Sequence[Answer]) -> StepAnswer:
    """`answer`, which is about one format, with the time and warnings of the shared capture."""
    seconds = dict(whole.seconds)
    if "export" in seconds:
        seconds["export"] -= sum(part.part_seconds or 0.0 for part in parts if part is not answer)
    shared = whole.warnings if answer is not whole else []
    return replace(
        answer,
        seconds=seconds,
        warnings=[*shared, *answer.warnings],
        stage=answer.stage or Stage.EXPORT,
    )


def with_comparison(asked: StepAnswer, compared: StepAnswer) -> StepAnswer:
    """How a cell ended whose engine gave all its answers (`asked`) and had them `compared`."""
    return replace(
        _after(asked, compared),
        ran=compared.ran,
        latency=asked.latency,
        log="\n".join(filter(None, [asked.log, compared.log])),
    )


def with_other_device(here: StepAnswer, there: StepAnswer, where: str) -> StepAnswer:
    """How a cell ended that passed `here`, and whose file was loaded on another device as well.
    `where` names both devices.

    What happens there is a note. A cell is about its own device, and most machines have one only:
    a verdict must not depend on which one it was found on.
    """
    whole = replace(_after(there, here), transient=there.transient)
    if there.passed or here.compared is None:
        return whole
    first, *_ = there.reason.splitlines() or [str(there.outcome)]
    note = f"a device is baked into the file: {where}, it fails: {first}"
    return replace(whole, compared=replace(here.compared, notes=[*here.compared.notes, note]))


def _after(first: StepAnswer, second: StepAnswer) -> StepAnswer:
    """`second`, with what it took to come there."""
    seconds = dict(first.seconds)
    for stage, spent in second.seconds.items():
        seconds[stage] = seconds.get(stage, 0.0) + spent
    return replace(
        second,
        seconds=seconds,
        warnings=[
            *first.warnings,
            *(each for each in second.warnings if each not in first.warnings),
        ],
        dependencies=dependencies([first, second]),
        uses=merged(first.uses, second.uses),
    )


def holds_under_limits(answer: StepAnswer, limits: UnderLimits) -> bool:
    """Whether a remembered answer still holds under the `limits` of this run."""
    if answer.limits is None:
        return True
    if answer.outcome is Outcome.TIMED_OUT:
        return limits.seconds <= answer.limits.seconds
    if answer.outcome is Outcome.OUT_OF_MEMORY:
        return limits.memory <= answer.limits.memory
    return True


def read_stored(data: Optional[Mapping[str, Any]], kind: Type[T]) -> Optional[T]:
    """What the store has kept; None where that is nothing, or no `kind` of this version."""
    if data is None:
        return None
    try:
        return convert(data, kind)
    except ValueError:
        return None
