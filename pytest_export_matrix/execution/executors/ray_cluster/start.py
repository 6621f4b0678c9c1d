"""Begin a run on a cluster: connect, see that its nodes are alike, and make the executor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import List, Optional, Sequence, Set

from pytest_export_matrix.execution.executors import (
    of_the_eager_model,
    of_the_engine,
    of_the_export,
    of_the_model,
)
from pytest_export_matrix.execution.executors.local import local_executor
from pytest_export_matrix.execution.executors.ray_cluster import connection, node, placing
from pytest_export_matrix.execution.executors.ray_cluster.cluster import RayExecutor
from pytest_export_matrix.execution.executors.ray_cluster.lookup import NothingAvailable, NoWorkers
from pytest_export_matrix.execution.executors.ray_cluster.node import Setup
from pytest_export_matrix.execution.executors.ray_cluster.placing import Need
from pytest_export_matrix.execution.scheduler import Needs
from pytest_export_matrix.execution.steps.build_program import sources
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.vocabulary.entries import DEFAULT
from pytest_export_matrix.vocabulary.errors import ClusterError


def ray_executor(
    recipes: Sequence[Recipe], store: Store, setup: Setup, address: str, most: Optional[int]
) -> RayExecutor:
    """The executor of `recipes` on the cluster at `address`, with at most so many steps at once.
    What it makes is kept in `store`. Raises ClusterError where the nodes are not alike."""
    node.look_packages_up()
    owned = connection.connect(address)
    token = Path(setup.cache, f"{node.TOKEN}{setup.run}")
    token.touch()
    files = project_files(recipes, setup.paths)
    here = node.facts(setup.run, setup.cache, setup.modules, files)
    nodes = connection.ask_nodes(setup.run, setup.cache, setup.modules, files)
    resources = [each.resources for each in nodes]
    named = {name for each in resources for name in each if placing.is_named(name)}
    setup = replace(setup, threads=placing.threads(resources))
    room = placing.lanes(resources, setup.threads, wanted(recipes, named))
    problem = placing.problem(here, nodes, needs_of(recipes), clocks=setup.since > 0)
    problem = problem or placing.lack(room)
    if problem:
        connection.disconnect(owned)
        token.unlink()
        raise ClusterError("the Ray cluster", problem)
    dispatcher = Dispatcher(
        NoWorkers(),
        Limits(setup.seconds, setup.memory or 0, setup.threads),
        setup.paths,
        setup.cache,
    )
    available = NothingAvailable(dispatcher, setup.environments)
    return RayExecutor(
        setup,
        local_executor(store, available, setup.fingerprint, setup.is_accepted),
        {needed: min(count, most or count) for needed, count in room.items()},
        named,
        placing.bytes_a_step(resources),
        all(each.shares for each in nodes),
        placing.elsewhere(here, nodes),
        owned,
    )


def wanted(recipes: Sequence[Recipe], named: Set[str]) -> Set[Needs]:
    """All that steps of `recipes` need, on a cluster with the resources `named`. A device that no
    node has is not needed: its cells are unavailable."""
    names = {
        each
        for r in recipes
        for each in (
            of_the_model(r),
            of_the_eager_model(r, r.eager),
            of_the_export(r),
            of_the_engine(r),
        )
    }
    return {placing.needs(each, named) for each in names}


def project_files(recipes: Sequence[Recipe], paths: Sequence[str]) -> List[str]:
    """The files of the project that its models are built from, as far as their names tell."""
    named = {
        name for r in recipes for name in (r.architecture.build, r.architecture.inputs) if name
    }
    found = {str(path) for name in sorted(named) for path in sources(name, paths)}
    return sorted(found)


def needs_of(recipes: Sequence[Recipe]) -> List[Need]:
    """What the exporters and runtimes need of the default environment."""
    found = []
    for recipe in recipes:
        exporter, runtime = recipe.exporter, recipe.runtime
        if recipe.eager.environment == DEFAULT:
            names = (exporter.method,)
            found.append(Need(f"method {exporter.method}", names, tuple(exporter.modules)))
        if runtime.environment == DEFAULT:
            names = (runtime.name,)
            found.append(Need(f"runtime {runtime.name}", names, tuple(runtime.modules)))
    return list(dict.fromkeys(found))
