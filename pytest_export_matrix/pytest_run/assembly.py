"""Put a run together: make from a plan and the settings all that carries it out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Mapping, Sequence

import pytest

from pytest_export_matrix.execution.costs import Costs
from pytest_export_matrix.execution.executors import Executor
from pytest_export_matrix.execution.executors.local import local_executor
from pytest_export_matrix.execution.run import Manners, MatrixRun
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.execution.workers.pool import IDLE_WORKERS, Pool
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.machine import temporary
from pytest_export_matrix.machine.hashing import digest, tool_digest
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.vocabulary.package import ABOVE


def assemble_run(
    recipes: Sequence[Recipe],
    registry: Registry,
    settings: Settings,
    store: Store,
    paths: List[str],
    manners: Manners,
) -> MatrixRun:
    """A run of `recipes` that has not begun. `paths` are the folders that the project is imported
    from, its root first. Raises ClusterError where it is to run on a cluster and cannot."""
    s = settings
    temporary.sweep()
    fingerprint = digest([tool_digest(), paths])
    environments = {each.name: each for each in registry.environments}
    executor: Executor
    if s.cluster is None:
        pool = Pool(registry.modules, s.threads, IDLE_WORKERS * s.lanes, s.cache / "bytecode")
        dispatcher = Dispatcher(pool, Limits(s.seconds, s.memory, s.threads), paths, str(s.cache))
        available = Availability(dispatcher, environments)
        executor = local_executor(store, available, fingerprint, manners.is_accepted, s.lanes)
    else:
        from pytest_export_matrix.execution.executors.ray_cluster.node import Setup
        from pytest_export_matrix.execution.executors.ray_cluster.start import ray_executor

        setup = Setup.of(
            s.cache,
            since=store.since,
            url=s.url,
            paths=paths,
            modules=registry.modules,
            environments=environments,
            seconds=s.seconds,
            memory=s.memory if "memory" in s.given else None,
            fingerprint=fingerprint,
            is_accepted=manners.is_accepted,
        )
        most = s.lanes if "workers" in s.given else None
        executor = ray_executor(recipes, store, setup, s.cluster, most)
    return MatrixRun(recipes, executor, Costs(store, digest(paths)), manners)


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
