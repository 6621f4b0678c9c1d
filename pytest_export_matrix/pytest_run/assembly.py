"""Put a run together: make from a plan and the settings all that carries it out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Mapping, Sequence

import pytest

from pytest_export_matrix.execution.costs import Costs
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.run import Manners, MatrixRun, Means
from pytest_export_matrix.execution.steps.build_program import Programs
from pytest_export_matrix.execution.steps.infer import Engines
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.execution.workers.pool import Pool
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.machine import temporary
from pytest_export_matrix.machine.hashing import digest, tool_digest
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.vocabulary.package import ABOVE

#: How many idle workers are kept for each lane.
IDLE_WORKERS = 3


def assemble_run(
    recipes: Sequence[Recipe],
    registry: Registry,
    settings: Settings,
    store: Store,
    paths: List[str],
    manners: Manners,
) -> MatrixRun:
    """A run of `recipes` that has not begun. `paths` are the folders that the project is imported
    from, its root first."""
    s = settings
    temporary.sweep()
    pool = Pool(registry.modules, s.threads, IDLE_WORKERS * s.lanes, s.cache / "bytecode")
    dispatcher = Dispatcher(pool, Limits(s.seconds, s.memory, s.threads), paths, str(s.cache))
    environments = {each.name: each for each in registry.environments}
    available = Availability(dispatcher, environments)
    remembered = Remembered(store, available.state)
    engines = Engines(Programs(remembered, available))
    costs = Costs(store, digest(paths))
    means = Means(remembered, available, engines, costs, digest([tool_digest(), paths]))
    return MatrixRun(recipes, means, manners, s.lanes)


def import_paths(config: pytest.Config) -> List[str]:
    """The folders that the project is imported from, its root first."""
    return [str(config.rootpath), *map(str, config.getini("pythonpath"))]


def shown_folders(cache: Path, root: Path) -> Mapping[str, str]:
    """Names for the folders of this machine, so that a reason is the same everywhere."""
    return {
        str(cache): "<cache>",
        str(root): ".",
        sys.prefix: "<python>",
        ABOVE: "<plugin>",  # unless it is installed in sys.prefix
    }
