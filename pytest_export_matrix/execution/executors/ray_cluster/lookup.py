"""What the driver's own store holds needs no node: its steps look up and do no work."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Iterator, Optional

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.pool import Pool
from pytest_export_matrix.execution.workers.worker import Worker, WorkerKind


class NotStored(Exception):
    """The step has something to do."""


class NoWorkers(Pool):
    """The pool of a machine that carries out nothing."""

    def __init__(self) -> None:
        super().__init__([], 1, 0, Path())

    @contextlib.contextmanager
    def worker(self, kind: WorkerKind) -> Iterator[Worker]:
        raise NotStored
        yield


class NothingAvailable(Availability):
    """Whether something is missing is asked where the step is carried out. That begins with the
    environment, so nothing else is asked here either."""

    def environment_problem(self, name: str) -> Optional[StepAnswer]:
        raise NotStored
