"""Give tasks to workers: choose the kind of worker, and measure what a task cost."""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from pytest_export_matrix.environments import current
from pytest_export_matrix.execution.answers import StepAnswer, UnderLimits
from pytest_export_matrix.execution.workers.pool import Pool
from pytest_export_matrix.execution.workers.worker import Limits, Watch, WorkerFailure, WorkerKind
from pytest_export_matrix.runtimes import TORCH_PRELOAD
from pytest_export_matrix.vocabulary.entries import DEFAULT, Runtime
from pytest_export_matrix.vocabulary.outcomes import Outcome
from pytest_export_matrix.worker import messages
from pytest_export_matrix.worker.messages import Answer, BuildProgram, Here, Infer

#: Every worker that exports imports these if they are installed: slow, and safe to fork after.
#: Running a file with torchvision's operators takes the same ones, so that workers serve both.
EXPORT_PRELOAD = (*TORCH_PRELOAD, "torchvision")


@dataclass(frozen=True)
class Activity:
    """What one lane is doing: the task, its stage, and since when (time.monotonic)."""

    what: str
    stage: str
    since: float


@dataclass
class Dispatcher:
    """Gives tasks to workers. `paths` are the folders that the project is imported from, `cache` is
    the folder of the store."""

    pool: Pool
    limits: Limits
    paths: List[str]
    cache: str
    activities: Dict[int, Activity] = field(default_factory=dict)
    #: Seconds that tasks took, by stage, and that starting workers took.
    spent: Dict[str, float] = field(default_factory=lambda: collections.defaultdict(float))
    #: Interpreters of the environments that are known to be installed.
    pythons: Dict[str, str] = field(default_factory=lambda: {DEFAULT: current.python()})

    def stopped(self) -> bool:
        return self.pool.stopping.is_set()

    @property
    def under_limits(self) -> UnderLimits:
        """What every task of this run is allowed."""
        return UnderLimits(self.limits.seconds, self.limits.memory)

    def export(self, label: str, body: messages.Body, environment: str) -> StepAnswer:
        """Carry out a task in a worker that has the model's code."""
        return self.carry_out(self.exporting(environment), label, body)

    def infer(self, runtime: Runtime, label: str, body: Infer, folder: str) -> StepAnswer:
        """Carry out a task in a worker that has only the runtime and the extras of `body`. It works
        from `folder` and is not told of the store."""
        return self.carry_out(self.running(runtime, body.extras), label, body, folder)

    def build(self, runtime: Runtime, out: str) -> StepAnswer:
        """Build the program of a runtime into the folder `out`, in a worker of its environment."""
        body = BuildProgram(runtime.program, out)
        return self.carry_out(self.running(runtime), f"program of {runtime.name}", body)

    def exporting(self, environment: str) -> WorkerKind:
        """The kind of worker that exports."""
        return self._kind(environment, EXPORT_PRELOAD)

    def running(self, runtime: Runtime, extras: Sequence[str] = ()) -> WorkerKind:
        """The kind of worker that runs files. It imports `extras` ahead, unless the runtime is a
        program, which loads them itself."""
        preload = runtime.preload if runtime.program else (*runtime.preload, *extras)
        return self._kind(runtime.environment, tuple(preload))

    def _kind(self, environment: str, preload: Tuple[str, ...]) -> WorkerKind:
        """The environment is installed: `Availability` has made sure of that."""
        return WorkerKind(environment, self.pythons[environment], preload)

    def carry_out(
        self, kind: WorkerKind, label: str, body: messages.Body, folder: Optional[str] = None
    ) -> StepAnswer:
        """What a worker of `kind` answers; `label` is what the terminal shows meanwhile. `folder`
        is what it is told in place of the store."""
        began = time.monotonic()
        here = Here(self.paths, self.cache if folder is None else folder, self.limits.threads)
        try:
            with self.doing(label) as watch, self.pool.worker(kind) as worker:
                answer = worker.run(body, here, self.limits, watch)
        except WorkerFailure as failure:
            reason = f"the worker did not start: {_last_line(str(failure))}"
            answer = Answer(Outcome.FAILED, body.stage, reason, str(failure), transient=True)
        for stage, seconds in answer.seconds.items():
            self.spent[stage] += seconds
        known = sum(answer.seconds.values())
        self.spent["start"] += max(0.0, time.monotonic() - began - known)
        return StepAnswer.of(answer, kind.environment, self.under_limits)

    @contextlib.contextmanager
    def doing(self, label: str) -> Iterator[Watch]:
        """Show on the terminal what this thread does. Yields a function to call at each stage."""
        lane = threading.get_ident()

        def watch(stage: str, _: str = "") -> None:
            self.activities[lane] = Activity(label, stage, time.monotonic())

        watch("start")
        try:
            yield watch
        finally:
            del self.activities[lane]


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
