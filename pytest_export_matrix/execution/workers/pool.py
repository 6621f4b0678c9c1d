"""All running workers, by kind."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Iterator, List, Sequence

from pytest_export_matrix.execution.workers.worker import Worker, WorkerKind
from pytest_export_matrix.machine.locks import RunStopped

#: How many idle workers are kept for each lane.
IDLE_WORKERS = 3


class Pool:
    """Lends workers out for one task at a time, keeps the living ones, and replaces dead ones."""

    def __init__(self, modules: Sequence[str], threads: int, idle: int, bytecode: Path) -> None:
        self.stopping = threading.Event()
        self._modules, self._threads, self._idle_limit = modules, threads, idle
        self._bytecode = bytecode
        self._idle: List[Worker] = []
        self._all: List[Worker] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def worker(self, kind: WorkerKind) -> Iterator[Worker]:
        """A worker of `kind` for one task. Raises WorkerFailure where none starts."""
        worker = self._take(kind)
        try:
            yield worker
        except BaseException:
            self._drop(worker)  # what it does now is not known
            raise
        self._give_back(worker)

    def _take(self, kind: WorkerKind) -> Worker:
        with self._lock:
            if self.stopping.is_set():
                raise RunStopped
            for worker in self._idle:
                if worker.kind == kind and worker.alive:
                    self._idle.remove(worker)
                    return worker
            worker = Worker(kind, self._modules, self._threads, self._bytecode, self.stopping)
            self._all.append(worker)
        try:
            worker.wait_until_ready()
        except BaseException:
            self._drop(worker)
            raise
        return worker

    def _give_back(self, worker: Worker) -> None:
        surplus: List[Worker] = [worker]
        if worker.alive and not self.stopping.is_set():
            with self._lock:
                self._idle.append(worker)
                surplus = self._idle[: -self._idle_limit]
                self._idle = self._idle[-self._idle_limit :]
        for each in surplus:
            self._drop(each)

    def _drop(self, worker: Worker) -> None:
        worker.stop()
        with self._lock:
            if worker in self._all:
                self._all.remove(worker)

    def close(self) -> None:
        """End every worker, also those at work: their tasks raise RunStopped."""
        self.stopping.set()
        with self._lock:
            workers = list(self._all)
        for worker in workers:
            worker.stop()
