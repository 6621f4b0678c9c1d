"""A run in a container takes as many cores and as much memory as the container has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import psutil
import pytest

from pytest_export_matrix.machine import capacity

GIB = 2**30
Groups = Callable[..., None]
#: What a machine has on which nothing else limits it.
CORES, TOTAL, AVAILABLE = 64, 256 * GIB, 200 * GIB


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    """Writes the control groups of a large machine: which this process is in, and their files."""
    memory = type("Memory", (), {"total": TOTAL, "available": AVAILABLE})
    monkeypatch.setattr(psutil, "virtual_memory", memory)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(CORES), raising=False)
    monkeypatch.setattr(capacity, "ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(capacity, "OWN", tmp_path / "own")

    def write(own: str, **files: str) -> None:
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")

    return write


def test_without_control_groups_the_machine_counts(groups: Groups) -> None:
    assert (capacity.cores(), capacity.memory()) == (CORES, TOTAL)
    assert capacity.available() == AVAILABLE


def test_a_container_is_as_large_as_its_group_says(groups: Groups) -> None:
    limits = {"cpu.max": "250000 100000", "memory.max": str(8 * GIB)}
    stat = f"anon 1\ninactive_file {GIB}\nactive_file 2"
    groups("0::/\n", **limits, **{"memory.current": str(3 * GIB), "memory.stat": stat})
    assert (capacity.cores(), capacity.memory()) == (2, 8 * GIB)
    assert capacity.available() == 6 * GIB


def test_a_container_of_version_1_is_too(groups: Groups) -> None:
    # The group has the name that it has outside, and is seen as the root.
    own = "9:name=systemd:/\n4:memory:/docker/9f\n3:cpuset:/docker/9f\n2:cpu,cpuacct:/docker/9f\n"
    cpu = {"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}
    limits = {"limit_in_bytes": 8 * GIB, "usage_in_bytes": 3 * GIB}
    stat = f"inactive_file 0\ntotal_inactive_file {GIB}"
    memory = {f"memory/memory.{name}": str(number) for name, number in limits.items()}
    groups(own, **cpu, **memory, **{"memory/memory.stat": stat})
    assert (capacity.cores(), capacity.memory()) == (4, 8 * GIB)
    assert capacity.available() == 6 * GIB


def test_the_narrowest_of_the_groups_around_counts(groups: Groups) -> None:
    inner, outer = "jobs.slice/run.scope", "jobs.slice"
    groups(
        f"0::/{inner}\n",
        **{f"{inner}/cpu.max": "max 100000", f"{outer}/cpu.max": "300000 100000"},
        **{f"{inner}/memory.max": str(8 * GIB), f"{inner}/memory.current": "0"},
        **{f"{outer}/memory.max": str(16 * GIB), f"{outer}/memory.current": str(15 * GIB)},
    )
    assert (capacity.cores(), capacity.memory(), capacity.available()) == (3, 8 * GIB, GIB)


@pytest.mark.parametrize(
    "files",
    [
        {"cpu.max": "max 100000", "memory.max": "max", "memory.current": "5"},
        {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
        {"memory/memory.limit_in_bytes": str(2**63 - 4096), "memory/memory.usage_in_bytes": "5"},
        {"cpu.max": "", "memory.max": "many", "memory.current": "5"},
    ],
    ids=["version 2", "cores of version 1", "memory of version 1", "no numbers"],
)
def test_a_group_without_a_limit_limits_nothing(groups: Groups, files: dict[str, str]) -> None:
    groups("5:memory:/\n4:cpu:/\n0::/../outside\n", **files)
    assert (capacity.cores(), capacity.memory()) == (CORES, TOTAL)
    assert capacity.available() == AVAILABLE


def test_there_is_always_a_core_and_never_less_than_no_memory(groups: Groups) -> None:
    files = {"cpu.max": "50000 100000", "memory.max": "5", "memory.current": "9"}
    groups("0::/\n", **files)
    assert (capacity.cores(), capacity.available()) == (1, 0)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux")
def test_processors_that_this_process_may_not_run_on_do_not_count() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert capacity.cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
