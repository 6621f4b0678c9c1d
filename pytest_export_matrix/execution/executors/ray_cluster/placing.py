"""What a step needs of a node, how many steps the nodes have room for, and whether nodes that
should be alike are. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from pytest_export_matrix.execution.executors import Names
from pytest_export_matrix.execution.scheduler import ANYWHERE, BYTES_A_LANE, Needs
from pytest_export_matrix.results.results import Versions

#: Ray's name of the resource that a device is.
DEVICES = {"cuda": "GPU"}
#: By how much the clocks of two machines may differ, in seconds.
CLOCK_SECONDS = 2.0


@dataclass(frozen=True)
class NodeFacts:
    """What a node says of itself. `files` are digests of the project's. `shares`: it uses the
    driver's store. `clock` are its own seconds, in between when it was `asked` and `answered` by
    the driver's. `instructions` are those of its processor."""

    host: str
    resources: Dict[str, float]
    tool: str
    here: Versions
    files: Dict[str, str]
    shares: bool
    clock: float
    asked: float = 0.0
    answered: float = 0.0
    instructions: str = ""


@dataclass(frozen=True)
class Need:
    """The modules that an exporter or a runtime needs in the default environment. `names`: what
    resources that are kept for it can be named by. `compiled`: files are machine code."""

    what: str
    names: Tuple[str, ...]
    modules: Tuple[str, ...]
    compiled: bool = False


def needs(names: Names, resources: Iterable[str]) -> Needs:
    """The resources, out of those of a cluster, that a step about `names` needs: a GPU, and what is
    named as its environment, method or runtime is."""
    wanted = {DEVICES.get(name, name) for name in names}
    return frozenset(wanted.intersection(resources))


def threads(nodes: Sequence[Mapping[str, float]]) -> int:
    """The cores that a step may use: those there are for each step on the node with the fewest for
    each, if all nodes are full of steps."""
    full = [node for node in nodes if node.get("CPU", 0) >= 1]
    return min((int(node["CPU"]) // _room(node, 1) for node in full), default=1)


def lanes(
    nodes: Sequence[Mapping[str, float]], threads: int, wanted: Iterable[Needs]
) -> Dict[Needs, int]:
    """How many steps of `threads` cores fit at once on nodes with these resources, by what they
    need: on nodes that have all of it, as many as there are of the scarcest."""
    found = {}
    for needed in {ANYWHERE, *wanted}:
        rooms = (
            min([_room(node, threads), *(int(node.get(n, 0)) for n in needed)]) for node in nodes
        )
        found[needed] = sum(rooms)
    return found


def is_named(resource: str) -> bool:
    """Whether a resource is a GPU, or one that somebody has given a name."""
    return resource not in ("CPU", "memory", "object_store_memory") and ":" not in resource


def _room(node: Mapping[str, float], threads: int) -> int:
    """How many steps fit on a node: by its cores, and by its memory as far as it has some."""
    return min(
        int(node.get("CPU", 0)) // threads, max(1, int(node.get("memory", 0)) // BYTES_A_LANE)
    )


def lack(room: Mapping[Needs, int]) -> Optional[str]:
    """What no node has of all that steps need; None where each of them has a place."""
    for needed, count in room.items():
        if not count:
            return f"no node has {' and '.join(['a core', *sorted(needed)])}"
    return None


def bytes_a_step(nodes: Sequence[Mapping[str, float]]) -> int:
    """Memory that a step is counted with: that of a lane, or all of the smallest node."""
    return min(BYTES_A_LANE, *(int(node.get("memory", BYTES_A_LANE)) for node in nodes))


def options(needed: Needs, threads: int, memory: int) -> Dict[str, Any]:
    """What Ray is told that a step takes. It is not repeated by Ray, which does not know whether
    what failed was the step."""
    named = {name: 1 for name in needed if name != "GPU"}
    gpus = {"num_gpus": 1} if "GPU" in needed else {}
    return {"num_cpus": threads, "memory": memory, "resources": named, "max_retries": 0, **gpus}


def problem(
    driver: NodeFacts, nodes: Sequence[NodeFacts], needed: Sequence[Need], clocks: bool
) -> Optional[str]:
    """Why results of `nodes` would not be those of one machine; None where they would. `clocks`:
    whether answers count by their age."""
    for node in nodes:
        different = _different(driver, node) or (_clock(node) if clocks else None)
        if different:
            return f"node {node.host}: {different}"
    others = [node for node in nodes if node.instructions != nodes[0].instructions]
    for need in needed:
        if need.compiled and others:
            return (
                f"{need.what} compiles for the processor that it runs on, and those of node "
                f"{nodes[0].host} and node {others[0].host} have different instructions: leave it "
                "out (--export-matrix-select), or take nodes of one kind"
            )
        for module in need.modules:
            lacking = [node for node in nodes if module not in node.here.packages]
            having = [node for node in nodes if module in node.here.packages]
            reserved = any(name in node.resources for node in nodes for name in need.names)
            if lacking and having and not reserved:
                name = need.names[0]
                return (
                    f"{need.what} needs {module}, which node {having[0].host} has and node "
                    f"{lacking[0].host} lacks: install it there, or keep these steps where it is: "
                    f"ray start --resources='{{\"{name}\": 1}}'"
                )
    return None


def _different(driver: NodeFacts, node: NodeFacts) -> Optional[str]:
    """How a node differs from the driver in what both have."""
    if node.tool != driver.tool:
        return "another version of pytest-export-matrix is installed there"
    if node.here.python != driver.here.python:
        return f"Python {node.here.python} there, {driver.here.python} here"
    for name, version in sorted(driver.here.packages.items()):
        there = node.here.packages.get(name, version)
        if there != version:
            return f"{name} {there} there, {version} here"
    for path, sha256 in sorted(driver.files.items()):
        if path not in node.files:
            return (
                f"{path} is not there: share the folder of the project, or start the run by "
                "`ray job submit --working-dir . -- pytest ...`"
            )
        if node.files[path] != sha256:
            return f"{path} is another one there"
    return None


def _clock(node: NodeFacts) -> Optional[str]:
    off = max(node.asked - node.clock, node.clock - node.answered)
    return f"its clock is {off:.0f} s off" if off > CLOCK_SECONDS else None


def elsewhere(driver: NodeFacts, nodes: Sequence[NodeFacts]) -> Dict[str, str]:
    """The packages that nodes have and the driver does not, with their versions."""
    found: Dict[str, List[str]] = {}
    for node in nodes:
        for name, version in node.here.packages.items():
            if name not in driver.here.packages:
                found.setdefault(name, []).append(version)
    return {name: ", ".join(dict.fromkeys(versions)) for name, versions in found.items()}
