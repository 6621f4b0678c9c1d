"""Faults at named points of a run: `inject("poll 3: kill a task, place 2: flip a bit")`.

A schedule names points, which time that they are reached, and what happens there. As a plugin of
pytest (`-p miniatures.faults`) this reads the schedule of a whole run from FAULTS.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple
from unittest.mock import patch

import psutil

from pytest_export_matrix.execution.store import TEMPORARY, Store
from pytest_export_matrix.execution.workers.worker import Worker, _Memory

#: Where something can happen: just before these are called.
POINTS: Dict[str, Tuple[type, str]] = {
    "look up": (Store, "get"),
    "lock": (Store, "lock"),
    "make": (Store, "scratch"),
    "keep": (Store, "put"),
    "place": (Store, "_replace"),
    "check space": (Store, "check_space"),
    "start": (Worker, "wait_until_ready"),
    "task": (Worker, "run"),
    "poll": (_Memory, "held"),
    "account": (Worker, "_end_living_task"),
}


class Died(BaseException):
    """Stands for the end of the process, where a test plays several runs in one."""


class Fault(NamedTuple):
    point: str
    time: int
    action: str

    @classmethod
    def parse(cls, text: str) -> "Fault":
        place, _, action = text.strip().partition(": ")
        point, _, time = place.rpartition(" ")
        return cls(point, int(time), action)

    def __str__(self) -> str:
        return f"{self.point} {self.time}: {self.action}"


def parse(schedule: str) -> List[Fault]:
    return [Fault.parse(each) for each in schedule.split(", ") if each]


# What can happen. Each gets the folder of the store, and the arguments of what is to be called.


def die(root: Path, arguments: Any) -> None:
    raise Died


def be_slow(root: Path, arguments: Any) -> None:
    time.sleep(0.3)


def find_the_disk_full(root: Path, arguments: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def signalled(name: str) -> "Action":
    return lambda root, arguments: os.kill(os.getpid(), getattr(signal, name))


def workers(pytest: Optional[int] = None) -> List[psutil.Process]:
    """The workers of a process, by default of this one: its children that run the worker's file."""
    found = []
    for process in psutil.Process(pytest).children():
        with contextlib.suppress(psutil.Error):
            if any(word.endswith("main.py") for word in process.cmdline()):
                found.append(process)
    return found


def kill_a_worker(root: Path, arguments: Any) -> None:
    for worker in workers()[:1]:
        worker.kill()


def tasks(pytest: Optional[int] = None) -> List[psutil.Process]:
    return [task for worker in workers(pytest) for task in worker.children()]


def kill_a_task(root: Path, arguments: Any) -> None:
    for task in tasks()[:1]:
        task.kill()


def terminate_a_task(root: Path, arguments: Any) -> None:
    for task in tasks()[:1]:
        task.terminate()


def entries(root: Path) -> List[Path]:
    """The entries that are finished."""
    kinds = [path for path in root.glob("*") if not path.name.startswith((TEMPORARY, "locks"))]
    return sorted(path for kind in kinds for path in kind.glob("*"))


def files(root: Path) -> List[Path]:
    return [path for entry in entries(root) for path in entry.rglob("*") if path.is_file()]


def flip_a_bit(root: Path, arguments: Any) -> None:
    for path in chosen([path for path in files(root) if path.stat().st_size]):
        with path.open("r+b") as file:
            place = random.randrange(path.stat().st_size)
            file.seek(place)
            (byte,) = file.read(1)
            file.seek(place)
            file.write(bytes([byte ^ 1 << random.randrange(8)]))


def cut_a_file(root: Path, arguments: Any) -> None:
    for path in chosen(files(root)):
        os.truncate(path, random.randrange(path.stat().st_size + 1))


def remove_a_file(root: Path, arguments: Any) -> None:
    for path in chosen(files(root)):
        path.unlink()


def remove_an_entry(root: Path, arguments: Any) -> None:
    for path in chosen(entries(root)):
        shutil.rmtree(path, ignore_errors=True)


def take_another_entry(root: Path, arguments: Any) -> None:
    """As when somebody copies a cache together by hand."""
    for path in chosen(entries(root)):
        (other,) = chosen([each for each in entries(root) if each.parent == path.parent])
        shutil.rmtree(path)
        if other != path:
            shutil.copytree(other, path)


def be_overtaken(root: Path, arguments: Any) -> None:
    """Another process places the same entry first."""
    fresh, target = arguments
    shutil.copytree(fresh, target, dirs_exist_ok=True)


def chosen(paths: List[Path]) -> List[Path]:
    return [random.choice(paths)] if paths else []


Action = Callable[[Path, Any], None]
ON_DISK: Dict[str, Action] = {
    "flip a bit": flip_a_bit,
    "cut a file": cut_a_file,
    "remove a file": remove_a_file,
    "remove an entry": remove_an_entry,
    "take another entry": take_another_entry,
}
#: What can happen only where an entry is placed.
PLACING: Dict[str, Action] = {
    "be overtaken": be_overtaken,
    "find the disk full": find_the_disk_full,
}
SIGNALS = ("KILL", "TERM", "HUP", "INT")
ACTIONS: Dict[str, Action] = {
    **ON_DISK,
    **PLACING,
    "die": die,
    "be slow": be_slow,
    "kill a worker": kill_a_worker,
    "kill a task": kill_a_task,
    "terminate a task": terminate_a_task,
    **{f"be sent {name}": signalled(f"SIG{name}") for name in SIGNALS},
}


@contextlib.contextmanager
def inject(faults: List[Fault], root: Path) -> Iterator[List[Fault]]:
    """Yields the list of those that have happened. `root` is the folder of the store."""
    happened: List[Fault] = []
    counts, counting = dict.fromkeys(POINTS, 0), threading.Lock()

    def reach(point: str, arguments: Any) -> None:
        with counting:
            counts[point] += 1
            due = [fault for fault in faults if fault[:2] == (point, counts[point])]
        for fault in due:
            happened.append(fault)
            ACTIONS[fault.action](root, arguments)

    def disturbed(point: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *arguments: Any, **more: Any) -> Any:
            reach(point, arguments)
            return function(self, *arguments, **more)

        return call

    with contextlib.ExitStack() as stack:
        for point, (owner, name) in POINTS.items():
            function = getattr(owner, name)
            stack.enter_context(patch.object(owner, name, disturbed(point, function)))
        yield happened


_whole_run = contextlib.ExitStack()


def pytest_configure() -> None:
    random.seed(os.environ["FAULTS"])
    happened = _whole_run.enter_context(
        inject(parse(os.environ["FAULTS"]), Path(os.environ["FAULTS_ROOT"]))
    )
    log = Path(os.environ["FAULTS_LOG"])
    _whole_run.callback(lambda: log.write_text("\n".join(map(str, happened)), encoding="utf-8"))


def pytest_unconfigure() -> None:
    _whole_run.close()
