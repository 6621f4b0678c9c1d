"""One task inside a worker's child: its stages, its warnings, its failure."""

from __future__ import annotations

import os
import time
import traceback
import warnings
from typing import Any, Callable, Dict, List, Optional

from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome, Stage, shorten
from pytest_export_matrix.vocabulary.processes import SIGKILL
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dependencies import Dependencies

#: Distinct warnings of libraries that are kept with a cell.
WARNINGS_KEPT = 5
WARNING_LIMIT = 160


class Stages:
    """The stages of a task as they begin, the seconds that each took, and what was read."""

    def __init__(self, folder: str, made_from: Dependencies) -> None:
        self._folder, self.made_from = folder, made_from
        self.current: Optional[str] = None
        self.seconds: Dict[str, float] = {}
        #: What is known of the task even where it ends in an exception.
        self.facts: Dict[str, Any] = {}
        self._since = time.monotonic()

    def begin(self, stage: Stage, note: str = "") -> None:
        """Tell the parent that `stage` begins, whose time limit starts anew, and what was read
        before it: a task that crashes cannot say it afterwards."""
        self.end()
        self.current = stage.value
        event = {"stage": stage.value, "note": note, "at": time.time()}
        protocol.write_json(self._folder, protocol.MADE_FROM, self.made_from.files())
        protocol.append_stage(self._folder, event)

    def note(self, note: str, **facts: Any) -> None:
        """Tell the parent what the stage is at, and what is known of the task should it end there.
        The stage's time limit goes on."""
        self.facts.update(facts)
        event = {"stage": self.current, "note": note, "at": time.time(), "goes_on": True}
        protocol.append_stage(self._folder, {**event, "facts": self.facts})

    def end(self) -> None:
        now = time.monotonic()
        if self.current:
            spent = self.seconds.get(self.current, 0.0) + now - self._since
            self.seconds[self.current] = spent
        self._since = now


def run(folder: str) -> None:
    """Carry out the request in `folder` and write the answer.

    This is the one place where whatever a library raises becomes a result.
    """
    request = protocol.read_json(folder, protocol.REQUEST)
    stages = Stages(folder, Dependencies(request["paths"], request["cache"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = attempt(lambda: resolve(request["task"])(request, stages))
    stages.end()
    answer.setdefault("stage", stages.current)
    answer.update(stages.facts, seconds=stages.seconds, dependencies=stages.made_from.files())
    answer["warnings"] = summarize(caught)
    protocol.write_json(folder, protocol.ANSWER, answer)


def attempt(work: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
    """What `work` answers with the outcome "passed", or the failure that it raised."""
    try:
        return {"outcome": Outcome.PASSED.value, **work()}
    except BaseException as error:  # also SystemExit: a library must not end a task unseen
        return failure(error)


def answer_part(
    part: Dict[str, Any], work: Callable[[str], Dict[str, Any]], stages: Stages
) -> None:
    """Carry out one part of a task in its own folder, and write its answer there.

    A failure is that part's alone; the parts after it go on.
    """
    os.makedirs(part["out"], exist_ok=True)
    since = time.monotonic()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = attempt(lambda: work(part["out"]))
    answer["dependencies"] = stages.made_from.files()
    answer["part_seconds"] = time.monotonic() - since
    answer["warnings"] = summarize(caught)
    protocol.write_json(part["out"], protocol.ANSWER, answer)


def failure(error: BaseException) -> Dict[str, Any]:
    """The answer that `error` makes of a task."""
    detail = ""
    if isinstance(error, Failure):
        outcome, reason, detail = error.outcome, str(error), error.detail
    else:
        outcome = Outcome.OUT_OF_MEMORY if _is_out_of_memory(error) else Outcome.FAILED
        reason = f"{type(error).__name__}: {str(error).strip()}"  # torch begins with a line end
    return {
        "outcome": outcome.value,
        "reason": shorten(reason),
        "detail": shorten(detail or traceback.format_exc(), 20_000),
        # The kernel ends whatever it finds when memory is short: it need not happen again.
        "transient": outcome is Outcome.CRASHED and SIGKILL in reason,
    }


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed: Python's own, CUDA's, or the CPU allocator of torch, which
    raises a plain RuntimeError."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator: can't allocate" in str(error)


def summarize(caught: List[warnings.WarningMessage]) -> List[Dict[str, Any]]:
    """The most frequent warnings, each with how often it was given."""
    counts: Dict[Any, int] = {}
    for warning in caught:
        lines = str(warning.message).strip().splitlines() or [""]
        key = (warning.category.__name__, lines[0][:WARNING_LIMIT])
        counts[key] = counts.get(key, 0) + 1
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:WARNINGS_KEPT]
    return [{"category": key[0], "message": key[1], "count": n} for key, n in common]
