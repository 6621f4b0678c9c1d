"""Connect to a cluster, and ask its nodes what they are."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Sequence

from pytest_export_matrix.execution.executors.ray_cluster import node
from pytest_export_matrix.execution.executors.ray_cluster.placing import NodeFacts
from pytest_export_matrix.vocabulary.errors import ClusterError, in_a_line

#: How long a head may take to answer.
KNOCK_SECONDS = 10.0
#: How long all nodes may take to say what they are.
FACTS_SECONDS = 120.0


def connect(address: str) -> bool:
    """Connect this process to the cluster at `address`. Without one, to that of RAY_ADDRESS, or to
    a new one of this machine alone. Returns whether there was no connection before.

    Raises ClusterError where Ray is not installed, or does not answer.
    """
    address = address or os.environ.get("RAY_ADDRESS", "")
    asked = f"--export-matrix-executor ray{':' if address else ''}{address}"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # it would begin a cluster of its own
    if not address:  # read at the import of Ray: a cluster of one machine listens to itself alone
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
    except ImportError as error:
        remedy = "pip install 'pytest-export-matrix[ray]'"
        raise ClusterError(asked, f"Ray is not here: {error}", remedy=remedy) from None
    if ray.is_initialized():
        return False
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        _knock(address)
        with _own_signals():
            if address:
                ray.init(address=address, **quiet)
            else:
                ray.init(address="local", include_dashboard=False, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        remedy = "`ray status` shows whether there is a cluster; its address is HOST:PORT"
        raise ClusterError(asked, in_a_line(error), remedy=remedy) from None
    return True


def _knock(address: str) -> None:
    """Raises OSError where nobody listens at HOST:PORT: Ray tries for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit() and "//" not in host:
        socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def disconnect(owned: bool) -> None:
    """End the connection, unless somebody else made it."""
    import ray

    if owned:
        ray.shutdown()


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep this process's handlers of signals: Ray sets its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(name) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, handlers):
            signal.signal(name, handler)


def ask_nodes(
    run: str, cache: str, modules: Sequence[str], files: Sequence[str]
) -> List[NodeFacts]:
    """What each node of the cluster says of itself; those that die meanwhile are left out. Raises
    ClusterError where one cannot say it."""
    import ray
    from ray.exceptions import RayError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    alive, task, asked = _alive(), ray.remote(node.facts), time.time()
    refs = {}
    for name in alive:
        here = NodeAffinitySchedulingStrategy(name, soft=False)
        options = task.options(num_cpus=0, max_retries=0, scheduling_strategy=here)
        refs[name] = options.remote(run, cache, list(modules), list(files))
    found = []
    for name, ref in refs.items():
        try:
            facts = ray.get(ref, timeout=FACTS_SECONDS)
        except RayError as error:
            if name not in _alive():
                continue
            problem = str(error).strip().splitlines()[-1]
            asked_of = f"node {alive[name]['NodeManagerHostname']} of the Ray cluster"
            remedy = "it needs pytest-export-matrix and what the matrix needs"
            raise ClusterError(asked_of, problem, remedy=remedy) from None
        resources = alive[name]["Resources"]
        found.append(replace(facts, resources=resources, asked=asked, answered=time.time()))
    return found


def _alive() -> Dict[str, Any]:
    """The nodes of the cluster that live, by their ids."""
    import ray

    return {each["NodeID"]: each for each in ray.nodes() if each["Alive"]}
