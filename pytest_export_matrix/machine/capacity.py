"""How many cores and how much memory this process may use: a container has less than its machine.

Linux keeps the limits in control groups, one within another. Version 2 has one tree of them,
version 1 one for each controller.
https://docs.kernel.org/admin-guide/cgroup-v2.html
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
https://docs.kernel.org/scheduler/sched-bwc.html
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Iterator, List, Tuple

import psutil

#: Where the trees are, and which groups this process is in.
ROOT, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
#: (microseconds of processor time, of that much time), in one file or in two.
CPU = (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
#: (limit, in use), in bytes.
MEMORY = (
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)
#: Files that were read and are given up where memory is asked for; the last one counts.
GIVEN_UP = re.compile(r"^(?:total_)?inactive_file (\d+)$", re.MULTILINE)


def cores() -> int:
    """The processors that this process may run on, as far as it gets their time."""
    affinity = getattr(os, "sched_getaffinity", None)
    there = len(affinity(0)) if affinity else os.cpu_count() or 1
    found = (_numbers(group, files) for group in _groups("cpu") for files in CPU)
    return max(1, int(min([there, *(each[0] / each[1] for each in found if each)])))


def memory() -> int:
    """Bytes that this process and its children may hold."""
    return min([psutil.virtual_memory().total, *(limit for limit, _ in _memory())])


def available() -> int:
    """Bytes of these that nobody holds."""
    free = (limit - used for limit, used in _memory())
    return max(0, min([psutil.virtual_memory().available, *free]))


def _memory() -> Iterator[Tuple[int, int]]:
    """The limit of each group and what is in use of it, in bytes."""
    for group in _groups("memory"):
        for files in MEMORY:
            found = _numbers(group, files)
            if found:
                given_up = GIVEN_UP.findall(_text(group / "memory.stat"))
                yield found[0], found[1] - int((given_up or ["0"])[-1])


def _groups(controller: str) -> Iterator[Path]:
    """The folders of the groups that this process is in, its own first."""
    for line in _text(OWN).splitlines():
        number, controllers, path = line.split(":", 2)
        if number != "0" and controller not in controllers.split(","):
            continue
        tree = ROOT if number == "0" else ROOT / controller
        # A container may be told a name that its machine knows, and see its own group as the root.
        own = tree if ".." in path else tree / path.lstrip("/")
        yield from (group for group in (own, *own.parents) if tree in (group, *group.parents))


def _numbers(group: Path, files: Tuple[str, ...]) -> List[int]:
    """The two numbers that `files` of a group hold; none where one says that there is no limit."""
    words = " ".join(_text(group / name) for name in files).split()
    return [int(word) for word in words] if len(words) == 2 and all(map(str.isdigit, words)) else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
