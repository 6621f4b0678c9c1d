"""Find out what is missing here: environments that cannot be built, and modules, commands and
devices that an exporter or a runtime needs. Each question is asked once a run."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from pytest_export_matrix.environments import current, provisioned, records
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.execution.answers import StepAnswer, Uses, unavailable
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.execution.workers.worker import WorkerFailure, WorkerKind
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import DEFAULT, Environment, Runtime
from pytest_export_matrix.vocabulary.errors import ProvisionError
from pytest_export_matrix.vocabulary.used import Used
from pytest_export_matrix.worker.messages import Probe

#: The packages of Debian that hold a command, where they have other names.
INSTALLS = {"c++": "g++", "node": "nodejs"}
TORCH_SESSION = "pytest_export_matrix.runtimes.pytorch:Session"


@dataclass
class Availability:
    """`environments` are those beside the default one, by name. Used by several threads at once."""

    dispatcher: Dispatcher
    environments: Mapping[str, Environment]
    _packages: Dict[str, Packages] = field(default_factory=dict)
    _states: Dict[Any, Tuple[Packages, str]] = field(default_factory=dict)
    _problems: Dict[Any, Optional[StepAnswer]] = field(default_factory=dict)
    _asking: threading.RLock = field(default_factory=threading.RLock)
    _providing: Dict[str, threading.Lock] = field(default_factory=dict)

    def packages(self, name: str) -> Optional[Packages]:
        """What an environment holds; None where it was never built."""
        environment = self.environments.get(name)
        if environment is None:
            return current.packages()
        if name not in self._packages:
            record = records.known(Path(self.dispatcher.cache), environment)
            if record is None:
                return None
            self._packages[name] = record.packages
        return self._packages[name]

    def state(self, uses: Uses) -> Optional[str]:
        """A digest of what is there now of all that was used; None where an environment is gone."""
        found = []
        for name, used in uses.items():
            packages = self.packages(name)
            if packages is None:
                return None
            key = (name, used.everything, tuple(used.names), tuple(used.sought))
            if self._states.get(key, (None, ""))[0] is not packages:
                self._states[key] = (packages, packages.state(used))
            found.append([name, self._states[key][1]])
        return digest(found)

    def environment_key(
        self, name: str, modules: Sequence[str]
    ) -> Tuple[List[Any], Optional[StepAnswer]]:
        """What keys contain about an environment where `modules` are needed, and why it cannot be
        built. It is built only where it has no record."""
        problem = None if self.packages(name) else self.environment_problem(name)
        weights = self.environments[name].weights if name in self.environments else ""
        return [self.state({name: Used(list(modules))}), weights], problem

    def installed(self) -> Dict[str, Versions]:
        """The packages of each environment that has a record, without the default one."""
        found = {}
        for environment in self.environments.values():
            record = records.known(Path(self.dispatcher.cache), environment)
            if record:
                names = record.packages.names.values()
                found[environment.name] = record.describe(names)
        return found

    def environment_problem(self, name: str) -> Optional[StepAnswer]:
        """Build an environment if it is missing, once a run. Returns why that failed, or None."""
        with self._asking:
            providing = self._providing.setdefault(name, threading.Lock())
        with providing:
            if name not in self.dispatcher.pythons and name not in self._problems:
                self._problems[name] = self._provide(name)
            return self._problems.get(name)

    def _provide(self, name: str) -> Optional[StepAnswer]:
        environment, began = self.environments[name], time.monotonic()
        try:
            with self.dispatcher.doing(f"environment {name}") as watch:
                provisioned.provide(
                    Path(self.dispatcher.cache),
                    environment,
                    self.dispatcher.stopped,
                    lambda stage: watch(stage, ""),
                    self.dispatcher.limits.seconds,
                )
        except ProvisionError as error:
            return unavailable(str(error))
        finally:
            self.dispatcher.spent["environments"] += time.monotonic() - began
        self._packages.pop(name, None)
        self.dispatcher.pythons[name] = (
            records.python(Path(self.dispatcher.cache), environment) or ""
        )
        return None

    def exporter_problem(
        self,
        modules: Sequence[str],
        device: str,
        environment: str = DEFAULT,
        commands: Sequence[str] = (),
    ) -> Optional[StepAnswer]:
        what = _in("exporting", environment)
        problem = self.environment_problem(environment) or _without(commands, what)
        if problem:
            return problem
        kind, session = (
            self.dispatcher.exporting(environment),
            "" if device == "cpu" else TORCH_SESSION,
        )
        return self._problem(what, kind, modules, session, device)

    def runtime_problem(self, runtime: Runtime, device: str) -> Optional[StepAnswer]:
        what = _in(f"runtime {runtime.name}", runtime.environment)
        problem = self.environment_problem(runtime.environment) or _without(runtime.commands, what)
        if problem:
            return problem
        kind = self.dispatcher.running(runtime)
        return self._problem(what, kind, runtime.modules, runtime.session, device)

    def installed_extras(self, runtime: Runtime) -> List[str]:
        try:
            with self.dispatcher.pool.worker(self.dispatcher.running(runtime)) as worker:
                return [name for name in runtime.extras if name not in worker.missing]
        except WorkerFailure:
            return []  # the task itself will fail likewise, at its own stage

    def _problem(
        self, what: str, kind: WorkerKind, modules: Sequence[str], session: str, device: str
    ) -> Optional[StepAnswer]:
        key = (kind, tuple(modules), session, device)
        with self._asking:
            if key not in self._problems:
                self._problems[key] = self._ask(what, kind, modules, session, device)
            return self._problems[key]

    def _ask(
        self, what: str, kind: WorkerKind, modules: Sequence[str], session: str, device: str
    ) -> Optional[StepAnswer]:
        began = time.monotonic()
        try:
            with self.dispatcher.doing(what), self.dispatcher.pool.worker(kind) as worker:
                missing = [name for name in modules if name in worker.missing]
        except WorkerFailure:
            return None  # the task itself will fail likewise, at its own stage
        self.dispatcher.spent["start"] += time.monotonic() - began
        if missing:
            names = " ".join(missing)
            remedy = "add them to its requirements" if kind.isolated else f"pip install {names}"
            return unavailable(f"{what} needs {names}, not installed here: {remedy}")
        if not session:
            return None
        problem = self.dispatcher.carry_out(kind, what, Probe(session, device), folder="").problem
        return unavailable(problem) if problem else None


def _without(commands: Sequence[str], what: str) -> Optional[StepAnswer]:
    """The answer that some of `commands` are not on the path; None where all are."""
    lacking = [name for name in commands if shutil.which(name) is None]
    if not lacking:
        return None
    packages = " ".join(INSTALLS.get(name, name) for name in lacking)
    remedy = f"install it, for instance: apt-get install {packages}"
    return unavailable(f"{what} needs {', '.join(lacking)} on the path: {remedy}")


def _in(what: str, environment: str) -> str:
    return what if environment == DEFAULT else f"{what} in environment {environment}"
