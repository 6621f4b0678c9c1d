"""The workers of a run: which kind a task goes to, what it is told, and what it cost."""

from __future__ import annotations

import collections
import contextlib
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from pytest_export_matrix.environments import current, provisioned, records
from pytest_export_matrix.execution.retry import Answer
from pytest_export_matrix.execution.workers.pool import Pool
from pytest_export_matrix.execution.workers.worker import (
    Interrupted,
    Limits,
    Watch,
    WorkerFailure,
    WorkerKind,
)
from pytest_export_matrix.machine.locks import Stopped
from pytest_export_matrix.runtimes import TORCH_PRELOAD
from pytest_export_matrix.vocabulary.entries import DEFAULT, Environment, Runtime
from pytest_export_matrix.vocabulary.errors import ProvisionError
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

#: Imported by every worker that exports, where they are there: slow, and safe to fork after. The
#: same as for running a file with torchvision's operators, so that workers serve both.
EXPORT_PRELOAD = (*TORCH_PRELOAD, "torchvision")
#: The packages of Debian that hold a command, where they have other names.
INSTALLS = {"c++": "g++", "node": "nodejs"}
TORCH_SESSION = "pytest_export_matrix.runtimes.pytorch:Session"


@dataclass(frozen=True)
class Activity:
    """What one lane is doing: the task, its stage, and since when (time.monotonic)."""

    what: str
    stage: str
    since: float


@dataclass
class Crew:
    """Gives tasks to workers. `paths` are the folders that the project is imported from, `cache`
    the one of the store; `environments` are those beside the default one, by name."""

    environments: Mapping[str, Environment]
    pool: Pool
    limits: Limits
    paths: List[str]
    cache: str
    activities: Dict[int, Activity] = field(default_factory=dict)
    #: Seconds that tasks took, by stage, and that starting workers took.
    spent: Dict[str, float] = field(default_factory=lambda: collections.defaultdict(float))
    _problems: Dict[Any, Optional[Answer]] = field(default_factory=dict)
    _asking: threading.RLock = field(default_factory=threading.RLock)
    #: Interpreters of the environments that are known to be there.
    _pythons: Dict[str, str] = field(default_factory=lambda: {DEFAULT: current.python()})
    _providing: Dict[str, threading.Lock] = field(default_factory=dict)

    def stopped(self) -> bool:
        return self.pool.stopping.is_set()

    def export(self, label: str, request: Dict[str, Any], environment: str = DEFAULT) -> Answer:
        """Carry out a task in a worker that has the model's code."""
        return self._run(self._exporting(environment), label, request)

    def infer(
        self, runtime: Runtime, label: str, request: Dict[str, Any], extras: Sequence[str]
    ) -> Answer:
        """Carry out a task in a worker that has the runtime and `extras` alone."""
        kind = self._running(runtime, extras)
        return self._run(kind, label, {**request, "extras": list(extras)})

    def build(self, runtime: Runtime, request: Dict[str, Any]) -> Answer:
        """Build the program of a runtime, in a worker of its environment."""
        label = f"program of {runtime.name}"
        return self._run(self._running(runtime), label, {**request, "program": runtime.program})

    def python(self, environment: str) -> Optional[str]:
        """The interpreter of an environment, where it is there."""
        return self._pythons.get(environment)

    def versions(self, runtime: Runtime) -> Any:
        """What is installed, in the runtime's environment, of what a program is built against."""
        environment = self.environments.get(runtime.environment)
        if environment is None:
            return current.describe([*runtime.modules, *runtime.extras])["packages"]
        record = records.known(Path(self.cache), environment)
        return record.content() if record else None

    def _exporting(self, environment: str) -> WorkerKind:
        return self._kind(environment, EXPORT_PRELOAD)

    def _running(self, runtime: Runtime, extras: Sequence[str] = ()) -> WorkerKind:
        """`extras` are imported ahead, but for a program: what it loads is its own affair."""
        preload = runtime.preload if runtime.program else (*runtime.preload, *extras)
        return self._kind(runtime.environment, tuple(preload))

    def _kind(self, environment: str, preload: Tuple[str, ...]) -> WorkerKind:
        """Of an environment that is there: somebody has asked what is not here."""
        return WorkerKind(self._pythons[environment], preload, isolated=environment != DEFAULT)

    def _run(self, kind: WorkerKind, label: str, request: Dict[str, Any]) -> Answer:
        began = time.monotonic()
        here = {"paths": self.paths, "cache": self.cache, "threads": self.limits.threads}
        try:
            with self._doing(label) as watch, self.pool.worker(kind) as worker:
                answer = worker.run({**request, **here}, self.limits, watch)
        except WorkerFailure as failure:
            reason = f"the worker did not start: {_last_line(str(failure))}"
            at_load = "session" in request or "program" in request
            stage = Stage.LOAD if at_load else Stage.BUILD
            answer = {"outcome": Outcome.FAILED.value, "stage": stage.value, "reason": reason}
            answer.update(detail=str(failure), transient=True)
        for stage_name, seconds in answer.get("seconds", {}).items():
            self.spent[stage_name] += seconds
        known = sum(answer.get("seconds", {}).values())
        self.spent["start"] += max(0.0, time.monotonic() - began - known)
        answer["limits"] = {"seconds": self.limits.seconds, "memory": self.limits.memory}
        return answer

    @contextlib.contextmanager
    def _doing(self, label: str) -> Iterator[Watch]:
        """Show on the terminal what this thread does; the value tells of the stages it gets to."""
        lane = threading.get_ident()

        def watch(stage: str, _: str = "") -> None:
            self.activities[lane] = Activity(label, stage, time.monotonic())

        watch("start")
        try:
            yield watch
        finally:
            del self.activities[lane]

    def would_be_the_same(self, answer: Answer) -> bool:
        """Whether a remembered answer still holds under the limits of this run."""
        limits = answer.get("limits", {})
        if answer.get("outcome") == Outcome.TIMED_OUT.value:
            return bool(self.limits.seconds <= limits["seconds"])
        if answer.get("outcome") == Outcome.OUT_OF_MEMORY.value:
            return bool(self.limits.memory <= limits["memory"])
        return True

    # What is not here. Asked once a run; an answer that says so, or None.

    def described(self, name: str) -> Tuple[Any, Optional[Answer]]:
        """What keys contain of an environment, or why it cannot be had.

        It is built only where nothing is known of it. The default one is in every key already.
        """
        environment = self.environments.get(name)
        if environment is None:
            return None, None
        record = records.known(Path(self.cache), environment)
        problem = None if record else self.environment_problem(name)
        record = record or records.known(Path(self.cache), environment)
        return ([record.content(), environment.weights] if record else None), problem

    def installed(self) -> Dict[str, Dict[str, Any]]:
        """All that is in each environment that is known, but for the default one."""
        found = {}
        for environment in self.environments.values():
            record = records.known(Path(self.cache), environment)
            if record:
                found[environment.name] = record.describe(name for name, _ in record.installed)
        return found

    def environment_problem(self, name: str) -> Optional[Answer]:
        """Why an environment cannot be had. It is built where it is not there, once a run."""
        with self._asking:
            providing = self._providing.setdefault(name, threading.Lock())
        with providing:
            if name not in self._pythons and name not in self._problems:
                self._problems[name] = self._provide(name)
            return self._problems.get(name)

    def _provide(self, name: str) -> Optional[Answer]:
        environment, began = self.environments[name], time.monotonic()
        try:
            with self._doing(f"environment {name}") as watch:
                provisioned.provide(
                    Path(self.cache),
                    environment,
                    self.stopped,
                    lambda stage: watch(stage, ""),
                    self.limits.seconds,
                )
        except ProvisionError as error:
            return _unavailable(str(error))
        except Stopped:
            raise Interrupted from None
        finally:
            self.spent["environments"] += time.monotonic() - began
        self._pythons[name] = records.python(Path(self.cache), environment) or ""
        return None

    def exporter_problem(
        self,
        modules: Sequence[str],
        device: str,
        environment: str = DEFAULT,
        commands: Sequence[str] = (),
    ) -> Optional[Answer]:
        what = _in("exporting", environment)
        problem = self.environment_problem(environment) or _without(commands, what)
        if problem:
            return problem
        kind, session = self._exporting(environment), "" if device == "cpu" else TORCH_SESSION
        return self._problem(what, kind, modules, session, device)

    def runtime_problem(self, runtime: Runtime, device: str) -> Optional[Answer]:
        what = _in(f"runtime {runtime.name}", runtime.environment)
        problem = self.environment_problem(runtime.environment) or _without(runtime.commands, what)
        if problem:
            return problem
        kind = self._running(runtime)
        return self._problem(what, kind, runtime.modules, runtime.session, device)

    def installed_extras(self, runtime: Runtime) -> List[str]:
        try:
            with self.pool.worker(self._running(runtime)) as worker:
                return [name for name in runtime.extras if name not in worker.missing]
        except WorkerFailure:
            return []  # the task itself will meet it, at its own stage

    def _problem(
        self, what: str, kind: WorkerKind, modules: Sequence[str], session: str, device: str
    ) -> Optional[Answer]:
        key = (kind, tuple(modules), session, device)
        with self._asking:
            if key not in self._problems:
                self._problems[key] = self._ask(what, kind, modules, session, device)
            return self._problems[key]

    def _ask(
        self, what: str, kind: WorkerKind, modules: Sequence[str], session: str, device: str
    ) -> Optional[Answer]:
        began = time.monotonic()
        try:
            with self._doing(what), self.pool.worker(kind) as worker:
                missing = [name for name in modules if name in worker.missing]
        except WorkerFailure:
            return None  # the task itself will meet it, at its own stage
        self.spent["start"] += time.monotonic() - began
        if missing:
            names = " ".join(missing)
            remedy = "add them to its requirements" if kind.isolated else f"pip install {names}"
            return _unavailable(f"{what} needs {names}, not installed here: {remedy}")
        if not session:
            return None
        task = "pytest_export_matrix.worker.tasks.probe:run"
        request = {"task": task, "session": session, "device": device}
        problem = self._run(kind, what, request).get("problem")
        return _unavailable(problem) if problem else None


def _unavailable(reason: str) -> Answer:
    return {"outcome": Outcome.UNAVAILABLE.value, "stage": None, "reason": reason}


def _without(commands: Sequence[str], what: str) -> Optional[Answer]:
    """That one of `commands` is not on the path, if so."""
    lacking = [name for name in commands if shutil.which(name) is None]
    if not lacking:
        return None
    packages = " ".join(INSTALLS.get(name, name) for name in lacking)
    remedy = f"install it, for instance: apt-get install {packages}"
    return _unavailable(f"{what} needs {', '.join(lacking)} on the path: {remedy}")


def _in(what: str, environment: str) -> str:
    return what if environment == DEFAULT else f"{what} in environment {environment}"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
