"""What the processes of pytest-xdist tell each other. Without it there is one process."""

from __future__ import annotations

import os
import time
from typing import Any, List

import pytest

SINCE, PROBLEMS = "export_matrix_since", "export_matrix_repro"
DAMAGED = "export_matrix_damaged"


def is_node(config: pytest.Config) -> bool:
    """Whether this process was given its cells by another one."""
    return hasattr(config, "workerinput")


def is_used(config: pytest.Config) -> bool:
    """Whether pytest-xdist divides the cells among processes."""
    return is_node(config) or bool(getattr(config.option, "tx", None))


def processes(config: pytest.Config) -> int:
    """How many processes of pytest-xdist share the machine; 0 where this is none of them."""
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")) if is_node(config) else 0


def since(config: pytest.Config) -> float:
    """From when stored answers count, in seconds since the epoch: from now, or all of them."""
    return time.time() if config.getoption("export_matrix_no_cache") else 0.0


class Exchange:
    """`since`: older stored answers do not count (seconds since the epoch, the same in every
    process). `problems`: what could not be written for failing cells, and `damaged`: how many
    entries of the cache had to be made again, from every process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config: Any = config
        self.problems: List[str] = []
        self.damaged = 0
        given: Any = getattr(config, "workerinput", None)
        self.since: float = given[SINCE] if given else since(config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[SINCE] = self.since

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        if is_node(self._config):
            self._config.workeroutput[PROBLEMS] = self.problems
            self._config.workeroutput[DAMAGED] = self.damaged

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {})
        self.problems += told.get(PROBLEMS, [])
        self.damaged += told.get(DAMAGED, 0)
