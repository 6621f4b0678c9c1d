"""The driver's side: have each step carried out by a node, and by another one if that dies."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence

from pytest_export_matrix.environments import records
from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.executors import (
    Exports,
    Names,
    of_the_eager_model,
    of_the_engine,
    of_the_export,
    of_the_model,
)
from pytest_export_matrix.execution.executors.local import LocalExecutor
from pytest_export_matrix.execution.executors.ray_cluster import connection, node, placing, transfer
from pytest_export_matrix.execution.executors.ray_cluster.lookup import NotStored
from pytest_export_matrix.execution.executors.ray_cluster.node import Carried, Setup
from pytest_export_matrix.execution.remembered import USES
from pytest_export_matrix.execution.scheduler import Needs
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.dispatcher import Activity
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.machine.locks import RunStopped
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import Eager, Runtime
from pytest_export_matrix.vocabulary.errors import ClusterError, in_a_line
from pytest_export_matrix.vocabulary.outcomes import Sight

#: How often a step may lose its node before the cluster is to blame.
LOSSES = 10
#: How long a step waits for a resource that no node has any more.
GONE_SECONDS = 60.0
POLL_SECONDS = 1.0
#: How long cancelled steps may take to end.
CLOSE_SECONDS = 10.0
REMEDY = "what was computed is kept: the same command goes on from there"


@dataclass(frozen=True)
class Cluster:
    """What a cluster was at the start of a run. lanes: by what steps need. resources: those with a
    name. memory: bytes that a step is counted with. shared: whether all nodes use the driver's
    store. elsewhere: packages that only nodes have. owned: whether this process connected to it."""

    lanes: Mapping[Needs, int]
    resources: FrozenSet[str]
    memory: int
    shared: bool
    elsewhere: Mapping[str, str]
    owned: bool


class RayExecutor:
    """An `Executor` of a cluster. `lookup` are the steps of this machine, which only look up."""

    def __init__(self, setup: Setup, lookup: LocalExecutor, cluster: Cluster) -> None:
        import ray

        self.lanes, self.elsewhere = cluster.lanes, cluster.elsewhere
        #: How often a step lost its node, and the bytes that were sent and that came back.
        self._losses, self._sent, self._got = 0, 0, 0
        self._setup, self._lookup, self._cluster = setup, lookup, cluster
        self._store: Store = lookup.remembered.store
        self._task, self._setup_ref = ray.remote(node.carry_out), ray.put(setup)
        self._refs: Dict[str, Any] = {}
        self._pending: Dict[int, Any] = {}
        self._gone: Dict[str, float] = {}
        self._looked = 0.0
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    @property
    def limits(self) -> Limits:
        return self._lookup.limits

    @property
    def paths(self) -> List[str]:
        return self._lookup.paths

    @property
    def spent(self) -> Dict[str, float]:
        return self._lookup.spent

    def absent(self, device: str) -> Optional[str]:
        if device == "cpu" or placing.DEVICES[device] in self._cluster.resources:
            return None
        return f"{device}: no node of the Ray cluster has a {placing.DEVICES[device]}"

    def needs(self, names: Names) -> Needs:
        return placing.needs(names, self._cluster.resources)

    def activities(self) -> List[Activity]:
        return self._lookup.activities()

    def installed(self) -> Dict[str, Versions]:
        return self._lookup.installed()

    def prepare(self, recipes: Sequence[Recipe]) -> PreparedModel:
        label = f"{recipes[0].architecture.name} eager"
        found: PreparedModel = self._step("prepare", of_the_model(recipes[0]), label, [recipes])
        return found

    def see(self, recipes: Sequence[Recipe], model: PreparedModel) -> Optional[Sight]:
        label = f"{recipes[0].architecture.name} eager, what the inputs see"
        names, reads = of_the_model(recipes[0]), model.folders(model.cases)
        found: Optional[Sight] = self._step("see", names, label, [recipes, model], reads)
        return found

    def agree(
        self, eager: Eager, recipes: Sequence[Recipe], model: PreparedModel
    ) -> Dict[Case, StepAnswer]:
        label = f"{recipes[0].architecture.name} eager, once more"
        names, reads = of_the_eager_model(recipes[0], eager), model.folders(model.cases)
        given = [eager, recipes, model]
        found: Dict[Case, StepAnswer] = self._step("agree", names, label, given, reads)
        return found

    def export(self, recipes: Sequence[Recipe], model: PreparedModel) -> Exports:
        recipe = recipes[0]
        label, names = f"{recipe.architecture.name} {recipe.cell.method}", of_the_export(recipe)
        reads = model.folders([recipe.example] if recipe.example else [])
        found: Exports = self._step("export", names, label, [recipes, model], reads)
        return found

    def infer(
        self, recipe: Recipe, captured: Sequence[Recipe], model: PreparedModel, exports: Exports
    ) -> StepAnswer:
        label, names = recipe.cell.id, of_the_engine(recipe)
        exported = exports[recipe.cell.format]
        reads = [exported.folder, *model.folders(recipe.cases, weights=False)]
        given = [recipe, captured, model, exports]
        found: StepAnswer = self._step("infer", names, label, given, reads)
        return found

    def build_ahead(self, runtime: Runtime, device: str) -> None:
        """Nothing: a program is built on the nodes that need it."""

    def notes(self) -> List[str]:
        found = []
        if self._losses:
            found.append(f"the cluster lost {self._losses} steps with their nodes: done again")
        if not self._cluster.shared:
            sent, got = (f"{count / 2**20:.1f} MiB" for count in (self._sent, self._got))
            found.append(f"{sent} sent to the cluster, {got} came back")
        return found

    def close(self) -> None:
        import ray

        self._stopping.set()
        self._lookup.close()
        with self._lock:
            for ref in self._pending.values():
                ray.cancel(ref, force=True)
        # A thread that asks Ray for something after the end of the connection would wait.
        deadline = time.monotonic() + CLOSE_SECONDS
        while self._pending and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS / 10)
        connection.disconnect(self._cluster.owned)
        shutil.rmtree(Path(self._setup.cache, self._setup.run), ignore_errors=True)

    def _step(
        self, step: str, names: Names, label: str, given: List[Any], reads: Sequence[str] = ()
    ) -> Any:
        """The answer of a step of the local executor: from the store of this machine if it is
        there, else from a node."""
        if self._stopping.is_set():
            raise RunStopped
        try:
            return getattr(self._lookup, step)(*given)
        except NotStored:
            pass
        with self._lookup.available.dispatcher.doing(label) as watch:
            watch(step, "")
            carried = self._carried(self.needs(names), [step, given, self._objects(reads)])
        self._take(carried)
        return carried.answer

    def _carried(self, needed: Needs, task: List[Any]) -> Carried:
        """What a node answers. A node that dies costs the step another try, and nothing else.
        Raises ClusterError where that happens too often."""
        from ray.exceptions import RayError, RayTaskError

        problem = ""
        options = placing.options(needed, self._setup.threads, self._cluster.memory)
        for _ in range(LOSSES):
            ref = self._task.options(**options).remote(self._setup.run, [self._setup_ref], *task)
            try:
                return self._wait(ref, needed)
            except RayTaskError:
                raise  # an error of ours, which another node would make as well
            except RayError as error:
                if self._stopping.is_set():
                    raise RunStopped from None
                self._losses += 1
                problem = in_a_line(error)
        asked = f"{task[0]} on the Ray cluster"
        raise ClusterError(asked, f"{LOSSES} nodes in a row were lost: {problem}", remedy=REMEDY)

    def _wait(self, ref: Any, needed: Needs) -> Carried:
        import ray

        lane = threading.get_ident()
        with self._lock:
            if self._stopping.is_set():
                ray.cancel(ref, force=True)
                raise RunStopped
            self._pending[lane] = ref
        try:
            while not ray.wait([ref], timeout=POLL_SECONDS)[0]:
                if self._stopping.is_set():
                    raise RunStopped
                self._check_there(needed)
            found: Carried = ray.get(ref)
            return found
        finally:
            with self._lock:
                del self._pending[lane]

    def _check_there(self, needed: Needs) -> None:
        """Raises ClusterError where one of these resources has been gone for too long: a step that
        needs it would wait forever."""
        import ray

        now = time.monotonic()
        with self._lock:
            if now - self._looked > POLL_SECONDS:
                self._looked, there = now, ray.cluster_resources()
                lost = {"CPU", *self._cluster.resources} - set(there)
                self._gone = {name: self._gone.get(name, now) for name in lost}
            for name in ("CPU", *needed):
                if now - self._gone.get(name, now) > GONE_SECONDS:
                    problem = f"no node with {name} is left"
                    raise ClusterError("the Ray cluster", problem, remedy=REMEDY)

    def _objects(self, folders: Sequence[str]) -> Dict[str, Any]:
        """Entries of the store as objects of Ray, or None for what is at the URL. Each is put there
        once, and each node fetches it once. Nothing where the nodes use the same store."""
        import ray

        if self._cluster.shared:
            return {}
        places = [Path(folder).relative_to(self._store.root).as_posix() for folder in folders]
        with self._lock:
            for place in places:
                # What was lost meanwhile is made again by the node.
                if place in self._refs or not (self._store.root / place).exists():
                    continue
                if self._store.remote is not None:
                    self._store.publish(place)
                    self._refs[place] = None
                else:
                    content = transfer.packed(self._store, place)
                    self._refs[place] = ray.put(content)
                    self._sent += len(content)
            return {place: self._refs[place] for place in places if place in self._refs}

    def _take(self, carried: Carried) -> None:
        """Keep what came back beside the answer. Raises what the node could not do."""
        for stage, seconds in carried.spent.items():
            self.spent[stage] += seconds
        for folder, text in carried.records.items():
            self._learn_environment(folder, text, carried.host)
        if carried.entries:
            self._take_entries(carried.entries)
        if carried.error:
            error = carried.error
            asked = f"node {carried.host}, {error.asked}"
            raise type(error)(asked, error.problem, nearest=error.nearest, remedy=error.remedy)

    def _take_entries(self, entries: Mapping[str, Optional[bytes]]) -> None:
        """Keep entries of a node's store. What both stores know of a question is joined."""
        with self._store.scratch() as scratch:
            theirs = Store(scratch)
            for place, content in entries.items():
                if content is None:
                    kind, key = place.split("/")
                    self._store.get(kind, key, verify=False)  # which fetches it
                    continue
                self._got += len(content)
                if place.startswith(f"{USES}/"):
                    transfer.unpack(theirs, place, content)
                    self._lookup.remembered.learn(Path(place).name, theirs)
                else:
                    transfer.unpack(self._store, place, content)

    def _learn_environment(self, folder: str, text: str, host: str) -> None:
        """Keep the record of an environment. Raises ClusterError where nodes have installed it
        differently: their answers would not be those of one environment."""
        place = Path(self._setup.cache) / records.FOLDER / folder
        with self._lock:
            known = records.read(place)
            if known is None:
                place.mkdir(parents=True, exist_ok=True)
                write_whole(place / records.RECORD, text)
                return
        theirs = records.parsed(text)
        for name, version in known.packages.versions.items():
            there = theirs.packages.versions.get(name)
            if there != version:
                problem = f"{name} {there} on node {host}, {version} on another one"
                asked, remedy = f"environment {known.name}", "pin its requirements"
                raise ClusterError(asked, problem, remedy=remedy)
