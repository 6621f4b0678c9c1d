"""One task inside a worker's child: its stages, its warnings, its failure."""

from __future__ import annotations

import os
import re
import time
import traceback
import warnings
from typing import Any, Callable, Dict, List, Optional

from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome, Stage, Warned, shorten
from pytest_export_matrix.vocabulary.processes import is_from_outside
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dataclass_json import read, to_json
from pytest_export_matrix.worker.dependencies import Dependencies
from pytest_export_matrix.worker.messages import (
    TASKS,
    Answer,
    Known,
    Request,
    StageEvent,
)
from pytest_export_matrix.worker.used import Recorder

#: Where the tasks lie, one module each, named as `messages.TASKS` names them.
TASKS_FOLDER = "pytest_export_matrix.worker.tasks"
#: Distinct warnings of libraries that are kept with a cell.
WARNINGS_KEPT = 5
WARNING_LIMIT = 160
#: What torch puts behind a message. The traceback keeps it.
FRAMES_OF_CPP = re.compile(r"^(?:Exception raised from |frame #\d+: ).*\n?", re.MULTILINE)


class Stages:
    """The stages of a task as they begin, the seconds that each took; what was read and used."""

    def __init__(self, folder: str, made_from: Dependencies, recorder: Recorder) -> None:
        self._folder, self.made_from, self.recorder = folder, made_from, recorder
        self.current: Optional[Stage] = None
        self.seconds: Dict[str, float] = {}
        self.known = Known()
        self._since = time.monotonic()

    def begin(self, stage: Stage, note: str = "") -> None:
        """Tell the parent that `stage` begins, with a new time limit, and which files were read so
        far: a task that crashes cannot say it afterwards."""
        self.end()
        self.current = stage
        protocol.write_json(self._folder, protocol.MADE_FROM, self.made_from.files())
        self._tell(StageEvent(stage, note, time.time()))

    def note(self, note: str, failed_on: List[str]) -> None:
        """Tell the parent where the stage is, and what is known if the task ends there. `failed_on`
        is what the current inputs show. The stage's time limit goes on."""
        assert self.current is not None
        self.known.failed_on = failed_on
        self._tell(StageEvent(self.current, note, time.time(), self.known))

    def _tell(self, event: StageEvent) -> None:
        protocol.append_line(self._folder, protocol.STAGES, to_json(event))

    def end(self) -> None:
        now = time.monotonic()
        if self.current:
            spent = self.seconds.get(self.current, 0.0) + now - self._since
            self.seconds[self.current] = spent
        self._since = now


def run(folder: str, recorder: Recorder) -> None:
    """Carry out the request in `folder` and write the answer.

    Whatever a library raises becomes a result here, and nowhere else.
    """
    request = read(Request, protocol.read_json(folder, protocol.REQUEST), "request")
    # It names folders of the store, which are no business of an engine in another process.
    os.remove(os.path.join(folder, protocol.REQUEST))
    here = request.here
    stages = Stages(folder, Dependencies(here.paths, here.cache), recorder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = attempt(lambda: _carry_out(request, stages))
    stages.end()
    answer.stage = answer.stage or stages.current
    answer.seconds, answer.dependencies = stages.seconds, stages.made_from.files()
    answer.used = stages.recorder.used()
    known = stages.known
    answer.ran, answer.latency, answer.failed_on = known.ran, known.latency, known.failed_on
    answer.warnings = summarize(caught)
    protocol.write_json(folder, protocol.ANSWER, to_json(answer))


def _carry_out(request: Request, stages: Stages) -> Answer:
    body = read(TASKS[request.task], request.body, request.task)
    answer: Answer = resolve(f"{TASKS_FOLDER}.{request.task}:run")(body, request.here, stages)
    return answer


def attempt(work: Callable[[], Answer]) -> Answer:
    """What `work` answers, or the failure that it raised."""
    try:
        return work()
    except BaseException as error:  # also SystemExit: a library must not end a task unseen
        return failure(error)


def answer_part(out: str, work: Callable[[], Answer], stages: Stages) -> None:
    """Carry out one part of a task, whose folder is `out`, and write its answer there.

    If it fails, only this part fails; the parts after it go on.
    """
    os.makedirs(out, exist_ok=True)
    since = time.monotonic()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = attempt(work)
    answer.dependencies, answer.used = stages.made_from.files(), stages.recorder.used()
    answer.part_seconds = time.monotonic() - since
    answer.warnings = summarize(caught)
    protocol.write_json(out, protocol.ANSWER, to_json(answer))


def failure(error: BaseException) -> Answer:
    """The answer of a task that raised `error`."""
    detail = ""
    if isinstance(error, Failure):
        outcome, reason, detail = error.outcome, str(error), error.detail
    else:
        outcome = Outcome.OUT_OF_MEMORY if _is_out_of_memory(error) else Outcome.FAILED
        reason = f"{type(error).__name__}: {_message(error)}"
    return Answer(
        outcome,
        reason=shorten(reason),
        detail=shorten(detail or traceback.format_exc(), 20_000),
        transient=outcome is Outcome.CRASHED and is_from_outside(reason),
    )


def _message(error: BaseException) -> str:
    """What `error` says, or the line that raised it where it says nothing, as a plain assertion."""
    said = FRAMES_OF_CPP.sub("", str(error)).strip()  # torch begins with a line end
    if said or error.__traceback__ is None:
        return said
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.line} ({os.path.basename(last.filename)}:{last.lineno} in {last.name})"


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed: Python's own, CUDA's, or the CPU allocator of torch, which
    raises a plain RuntimeError."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator: can't allocate" in str(error)


def summarize(caught: List[warnings.WarningMessage]) -> List[Warned]:
    """The most frequent warnings, each with how often it was given."""
    counts: Dict[Any, int] = {}
    for warning in caught:
        lines = str(warning.message).strip().splitlines() or [""]
        key = (warning.category.__name__, lines[0][:WARNING_LIMIT])
        counts[key] = counts.get(key, 0) + 1
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:WARNINGS_KEPT]
    return [Warned(category, message, count) for (category, message), count in common]
