"""Begin a run on a cluster: connect, see that its nodes are alike, and make the executor."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Set, Tuple

from pytest_export_matrix.execution.executors import (
    of_the_eager_model,
    of_the_engine,
    of_the_export,
    of_the_model,
)
from pytest_export_matrix.execution.executors.local import local_executor
from pytest_export_matrix.execution.executors.ray_cluster import connection, node, placing
from pytest_export_matrix.execution.executors.ray_cluster.cluster import Cluster, RayExecutor
from pytest_export_matrix.execution.executors.ray_cluster.lookup import NothingAvailable, NoWorkers
from pytest_export_matrix.execution.executors.ray_cluster.node import Setup
from pytest_export_matrix.execution.executors.ray_cluster.placing import Need, NodeFacts
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
    try:
        nodes, elsewhere = alike(recipes, setup)
        resources = [each.resources for each in nodes]
        named = {name for each in resources for name in each if placing.is_named(name)}
        setup = replace(setup, threads=placing.threads(resources))
        lanes = placing.lanes(resources, setup.threads, wanted(recipes, named))
        problem = placing.lack(lanes)
        if problem:
            raise ClusterError("the Ray cluster", problem)
    except ClusterError:
        connection.disconnect(owned)
        raise
    memory = setup.memory or int(max(each.get("memory", 0) for each in resources))
    limits = Limits(setup.seconds, memory, setup.threads)
    dispatcher = Dispatcher(NoWorkers(), limits, setup.paths, setup.cache)
    available = NothingAvailable(dispatcher, setup.environments)
    cluster = Cluster(
        lanes={needed: min(count, most or count) for needed, count in lanes.items()},
        resources=frozenset(named),
        memory=placing.bytes_a_step(resources),
        shared=all(each.shares for each in nodes),
        elsewhere=elsewhere,
        owned=owned,
    )
    lookup = local_executor(store, available, setup.fingerprint, setup.is_accepted)
    return RayExecutor(setup, lookup, cluster)


def alike(recipes: Sequence[Recipe], setup: Setup) -> Tuple[List[NodeFacts], Dict[str, str]]:
    """The nodes, and the packages that only they have. Raises ClusterError where they differ."""
    asked = (setup.run, setup.cache, setup.modules, project_files(recipes, setup.paths))
    here, nodes = node.facts(*asked), connection.ask_nodes(*asked)
    problem = placing.problem(here, nodes, needs_of(recipes), clocks=setup.since > 0)
    if problem:
        raise ClusterError("the Ray cluster", problem)
    return nodes, placing.elsewhere(here, nodes)


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
            what, names = f"method {exporter.method}", (exporter.method,)
            if not exporter.portable:
                what += f" to {exporter.format}"
            modules = tuple(exporter.modules)
            found.append(Need(what, names, modules, compiled=not exporter.portable))
        if runtime.environment == DEFAULT:
            names = (runtime.name,)
            found.append(Need(f"runtime {runtime.name}", names, tuple(runtime.modules)))
    return list(dict.fromkeys(found))
