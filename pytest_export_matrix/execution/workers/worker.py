"""The parent's side of a worker: start it, give it tasks, and learn how each one ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Type, TypeVar

import psutil

from pytest_export_matrix.execution.answers import read_answer
from pytest_export_matrix.machine import temporary
from pytest_export_matrix.machine.json_files import convert
from pytest_export_matrix.machine.locks import RunStopped
from pytest_export_matrix.vocabulary.entries import DEFAULT
from pytest_export_matrix.vocabulary.outcomes import Outcome, shorten
from pytest_export_matrix.vocabulary.package import PACKAGE
from pytest_export_matrix.vocabulary.processes import describe_code, is_from_outside
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dataclass_json import to_json
from pytest_export_matrix.worker.messages import (
    Answer,
    Body,
    Ended,
    Here,
    Known,
    Ready,
    Request,
    StageEvent,
    Started,
    WorkerConfig,
)

T = TypeVar("T")

MAIN = os.path.join(PACKAGE, "worker", "main.py")
LOG_TAIL = 4000
POLL_SECONDS = 0.05
#: How often the children of a task are searched: that looks at every process of the machine.
CHILDREN_SECONDS = 2.0
#: Starting includes importing torch from a cold disk.
START_SECONDS = 300.0
KILL_SECONDS = 5.0
#: Called with the stage and its note while a task is under way.
Watch = Callable[[str, str], None]


@dataclass(frozen=True)
class WorkerKind:
    """A kind of worker; a task may go to any worker of its kind.

    The worker imports `preload`, as far as installed, before it forks. Apart from that, a task sees
    nothing of the one before it. `python` is the interpreter of `environment`.
    """

    environment: str
    python: str
    preload: Tuple[str, ...] = ()

    @property
    def isolated(self) -> bool:
        """Whether it ignores the PYTHON variables of the parent and the user's site-packages."""
        return self.environment != DEFAULT


@dataclass(frozen=True)
class Limits:
    """`seconds` a stage may take, `memory` bytes a task may hold, `threads` it may use."""

    seconds: float
    memory: int
    threads: int


class WorkerFailure(Exception):
    """A worker that did not start; the text is the end of what it printed."""


class Worker:
    """One worker process. Not shared between threads: the pool lends it out."""

    def __init__(
        self,
        kind: WorkerKind,
        modules: Sequence[str],
        threads: int,
        bytecode: Path,
        stopping: threading.Event,
    ) -> None:
        self.kind = kind
        self._stopping = stopping
        #: The ones of `modules` that its environment lacks.
        self.missing: List[str] = []
        self._task: Optional[str] = None
        self._control = temporary.make()
        config = WorkerConfig(list(modules), list(kind.preload))
        protocol.write_json(self._control, protocol.CONFIG, to_json(config))
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}
        no_bytecode = environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if kind.isolated:
            environment = {k: v for k, v in environment.items() if not k.startswith("PYTHON")}
        environment.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
        environment["PYTHONHASHSEED"] = "0"  # models that walk over sets are alike in all workers
        # numpy only compares here, and its BLAS would start threads before a fork.
        environment["OPENBLAS_NUM_THREADS"] = "1"
        if no_bytecode:
            # Compiling torch takes three times as long as importing its bytecode.
            environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
        with open(os.path.join(self._control, protocol.LOG), "wb") as log:
            self._process = subprocess.Popen(
                [kind.python, *(["-s"] if kind.isolated else []), MAIN, self._control],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self._control,
                # Ctrl-C is for the parent, which ends its workers in order.
                start_new_session=sys.platform != "win32",
            )

    def wait_until_ready(self) -> None:
        """Wait until the imports are done. Raises WorkerFailure where it does not start."""
        deadline = time.monotonic() + START_SECONDS
        while not self._stopping.is_set():
            gone = self._process.poll() is not None or time.monotonic() > deadline
            ready = _read(Ready, self._control, protocol.READY)
            if ready:
                self.missing = ready.missing
                return
            if gone:
                raise WorkerFailure(_tail(self._control) or "it ended without a word")
            time.sleep(POLL_SECONDS)
        raise RunStopped

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, body: Body, here: Here, limits: Limits, watch: Watch) -> Answer:
        """Carry out one task and return its answer, however it ended.

        If the task dies, hangs or takes too much memory, the answer is made here: with the outcome,
        the stage that it was in, and the reason.
        """
        folder = self._task = tempfile.mkdtemp(dir=self._control)
        request = Request(body.task, here, to_json(body))
        protocol.write_json(folder, protocol.REQUEST, to_json(request))
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(folder.encode() + b"\n")
            self._process.stdin.flush()
        try:
            problem = self._watch(folder, limits, watch)
            if self._stopping.is_set():
                raise RunStopped  # a worker that was ended by us has not crashed
            answer = read_answer(folder, body.stage) if problem is None else None
            if answer is not None:
                answer.log = _tail(folder)
                return answer
            return self._account(folder, problem)
        finally:
            self._end_living_task(folder)
            self._task = None
            shutil.rmtree(folder, ignore_errors=True)

    def _end_living_task(self, folder: str) -> None:
        """End a task that lives though it was said to have ended, and the worker with it: the next
        task must not meet it."""
        started = _read(Started, folder, protocol.STARTED)
        if started and started.pid != self._process.pid and psutil.pid_exists(started.pid):
            _kill_group(started.pid)
            self._end_process()

    def _watch(self, folder: str, limits: Limits, watch: Watch) -> Optional[Tuple[Outcome, str]]:
        """Wait until the task in `folder` has ended. If it exceeds a limit, end it and return the
        outcome and the reason."""
        seen, since, memory = 0, time.monotonic(), _Memory(folder)
        while _read(Ended, folder, protocol.EXIT) is None:
            if not self.alive or self._stopping.is_set():
                break
            stages = [event for event in _events(folder) if event.known is None]
            if len(stages) > seen:
                seen, since = len(stages), time.monotonic()
                watch(stages[-1].stage, stages[-1].note)
            problem = None
            if time.monotonic() - since > limits.seconds:
                problem = (Outcome.TIMED_OUT, f"no end after {limits.seconds:g} s")
            held = memory.held(limits.memory)
            if held > limits.memory:
                text = f"held {held / 2**30:.1f} GiB, the limit is {limits.memory / 2**30:.1f} GiB"
                problem = (Outcome.OUT_OF_MEMORY, text)
            if problem:
                self._kill_task(folder)
                return problem
            time.sleep(POLL_SECONDS)
        return None

    def _kill_task(self, folder: str) -> None:
        """End the task and its children. End the worker too if it does not report their end."""
        started = _read(Started, folder, protocol.STARTED)
        if started and started.pid != self._process.pid:
            _kill_group(started.pid)
            deadline = time.monotonic() + KILL_SECONDS
            while self.alive and time.monotonic() < deadline:
                if _read(Ended, folder, protocol.EXIT):
                    return
                time.sleep(POLL_SECONDS)
        self._end_process()

    def _account(self, folder: str, problem: Optional[Tuple[Outcome, str]]) -> Answer:
        """The answer for a task that gave none."""
        events = _events(folder)
        ended = _read(Ended, folder, protocol.EXIT)
        if problem:
            outcome, reason = problem
        elif ended:
            outcome, reason = Outcome.CRASHED, describe_status(ended.status)
        else:
            code = self._process.wait()
            outcome, reason = Outcome.CRASHED, f"the worker itself ended: {describe_code(code)}"
        last = events[-1] if events else None
        if last and last.known:
            reason = f"{last.note}: {reason}"
        known = (last and last.known) or Known()
        return Answer(
            outcome,
            stage=last.stage if last else None,
            reason=reason,
            detail=_tail(folder),
            note=last.note if last else "",
            transient=is_from_outside(reason),
            seconds=_spent(events),
            dependencies=_read(Dict[str, str], folder, protocol.MADE_FROM) or {},
            failed_on=known.failed_on,
            ran=known.ran,
            latency=known.latency,
        )

    def stop(self) -> None:
        """End the worker and its task, and remove its files."""
        started = _read(Started, self._task, protocol.STARTED) if self._task else None
        if started:
            _kill_group(started.pid)
        self._end_process()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        shutil.rmtree(self._control, ignore_errors=True)

    def _end_process(self) -> None:
        if self.alive:
            _kill_group(self._process.pid)
            self._process.wait()


class _Memory:
    """Measures the memory of the task in `folder` and of its children."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._processes: List[psutil.Process] = []
        self._looked = 0.0

    def held(self, limit: int) -> int:
        """Bytes in memory; 0 before the task has started and after it has ended.

        Pages that processes share are counted once. That is slow to ask for, so it is asked only
        where counting them in each process exceeds `limit`: libraries for GPUs are gigabytes, and
        compilers work in as many processes as there are cores.
        """
        now = time.monotonic()
        if now - self._looked > CHILDREN_SECONDS or not self._processes:
            started = _read(Started, self._folder, protocol.STARTED)
            if started:
                self._looked = now
                with contextlib.suppress(psutil.Error):
                    task = psutil.Process(started.pid)
                    self._processes = [task, *task.children(recursive=True)]
        total = sum(map(_resident, self._processes))
        return total if total <= limit else sum(map(_proportional, self._processes))


def _resident(process: psutil.Process) -> int:
    """The pages of a process in memory, in bytes; 0 where it has ended."""
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _proportional(process: psutil.Process) -> int:
    """As `_resident`, with its share of the pages that it has in common with others, as far as this
    system says it."""
    with contextlib.suppress(psutil.Error):
        return int(getattr(process.memory_full_info(), "pss", 0)) or _resident(process)
    return _resident(process)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)


def describe_status(status: int) -> str:
    """A wait status in words: the signal that ended the task, or its exit code."""
    return describe_code(-os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def _read(kind: Type[T], folder: str, name: str) -> Optional[T]:
    """The message in a file of `folder`; None where there is no such file (yet), or where a task
    has written something else there."""
    with contextlib.suppress(ValueError):
        data = protocol.read_json(folder, name)
        return None if data is None else convert(data, kind)
    return None


def _events(folder: str) -> List[StageEvent]:
    found = []
    for line in protocol.read_lines(folder, protocol.STAGES):
        with contextlib.suppress(ValueError):  # a task may have written something else there
            found.append(convert(line, StageEvent))
    return found


def _spent(events: List[StageEvent]) -> Dict[str, float]:
    """Seconds by stage of a task that died before it could report them."""
    spent: Dict[str, float] = {}
    ends = [event.at for event in events[1:]] + [time.time()]
    for event, end in zip(events, ends):
        spent[event.stage] = spent.get(event.stage, 0.0) + end - event.at
    return spent


def _tail(folder: str) -> str:
    """The end of what was printed in `folder`."""
    try:
        with open(os.path.join(folder, protocol.LOG), "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_TAIL))
            return shorten(file.read().decode(errors="replace"), LOG_TAIL)
    except FileNotFoundError:
        return ""
