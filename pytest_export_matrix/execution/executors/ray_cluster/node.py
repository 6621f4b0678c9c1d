"""What a node of the cluster does: carry out one step as the local executor does.

Each process that Ray starts for steps keeps the workers, the store and what it found out for the
steps after. The processes of a node share its store, so each environment is installed and each
entry fetched once a node.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from pytest_export_matrix.environments import current, records
from pytest_export_matrix.execution import scheduler
from pytest_export_matrix.execution.executors.local import local_executor
from pytest_export_matrix.execution.executors.ray_cluster import transfer
from pytest_export_matrix.execution.executors.ray_cluster.placing import NodeFacts
from pytest_export_matrix.execution.remembered import USES
from pytest_export_matrix.execution.store import Entry, Store, default_root
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.execution.workers.pool import IDLE_WORKERS, Pool
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.machine import capacity, devices, temporary
from pytest_export_matrix.machine.hashing import file_digest, tool_digest
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.entries import Environment
from pytest_export_matrix.vocabulary.errors import ExportMatrixError
from pytest_export_matrix.vocabulary.package import ABOVE

#: Where a node keeps its entries, if not in the cache folder of the run or of the user.
NODE_CACHE = "EXPORT_MATRIX_NODE_CACHE"
#: A folder by which a node knows the cache folder of a run. Its name is the id of the run.
TOKEN = "run-"


@dataclass(frozen=True)
class Setup:
    """What the nodes are told of a run. `folders` are those of the driver, see `folders`. `memory`
    is None for a share of the node's. `url`: where entries are as well, "" for nowhere."""

    run: str
    cache: str
    folders: Tuple[str, ...]
    since: float
    url: str
    paths: List[str]
    modules: List[str]
    environments: Mapping[str, Environment]
    seconds: float
    memory: Optional[int]
    fingerprint: str
    is_accepted: Callable[[Result], bool]
    threads: int = 1

    @classmethod
    def of(cls, cache: Path, **fields: Any) -> "Setup":
        """That of a new run of this machine, with its `cache` folder and the other fields."""
        temporary.sweep(cache, TOKEN)
        run = os.path.basename(temporary.make(cache, TOKEN))
        return cls(run, str(cache), folders(cache), **fields)


@dataclass
class Carried:
    """What comes back: the answer or the error, entries of the node's store that the driver may
    lack (None for what is at the URL), records of environments, and seconds by stage."""

    answer: Any = None
    error: Optional[ExportMatrixError] = None
    host: str = ""
    entries: Dict[str, Optional[bytes]] = field(default_factory=dict)
    records: Dict[str, str] = field(default_factory=dict)
    spent: Dict[str, float] = field(default_factory=dict)


class NoticingStore(Store):
    """A store that notices which entries are read and written."""

    def __init__(self, root: Path, since: float, url: str = "") -> None:
        self.noticed: Set[str] = set()
        super().__init__(root, since, url)

    def get(self, kind: str, key: str, verify: bool = True) -> Optional[Entry]:
        return self._noticed(super().get(kind, key, verify))

    def said(self, kind: str, key: str) -> Optional[Entry]:
        return self._noticed(super().said(kind, key))

    def _noticed(self, entry: Optional[Entry]) -> Optional[Entry]:
        if entry:
            self.noticed.add(entry.place)
        return entry

    def put(self, kind: str, key: str, data: Dict[str, Any], source: Optional[Path] = None) -> None:
        super().put(kind, key, data, source)
        self.noticed.add(f"{kind}/{key}")


def look_packages_up() -> None:
    """Look up what is installed, once and for all. Ray puts copies of packages that it uses on the
    path of its processes; workers do not see them."""
    path = list(sys.path)
    sys.path[:] = [each for each in path if os.path.basename(each) != "thirdparty_files"]
    try:
        current.packages()
    finally:
        sys.path[:] = path


def folders(cache: Path) -> Tuple[str, ...]:
    """The folders that answers can name: the cache, where Python and this package are installed."""
    return str(cache), sys.prefix, ABOVE


class Node:
    """A run in one process of a node."""

    def __init__(self, setup: Setup) -> None:
        look_packages_up()
        self._setup = setup
        self.cache, self.shared = cache_of(setup.run, setup.cache)
        self.store = NoticingStore(self.cache, setup.since, setup.url)
        lanes = scheduler.default_lanes(capacity.cores(), capacity.available())
        memory = setup.memory or scheduler.default_memory_limit(lanes)
        temporary.sweep()
        limits = Limits(setup.seconds, memory, setup.threads)
        pool = Pool(setup.modules, setup.threads, IDLE_WORKERS, self.cache / "bytecode")
        dispatcher = Dispatcher(pool, limits, setup.paths, str(self.cache))
        available = Availability(dispatcher, setup.environments)
        self.executor = local_executor(self.store, available, setup.fingerprint, setup.is_accepted)
        here = folders(self.cache)
        self._to_driver = {a: b for a, b in zip(here, setup.folders) if a != b}
        self._from_driver = {b: a for a, b in zip(here[:1], setup.folders) if a != b}
        #: Entries that the driver has got already.
        self._sent: Set[str] = set()
        self._spent: Dict[str, float] = {}

    def lacking(self, places: Sequence[str]) -> List[str]:
        """The ones of `places` that the store lacks."""
        if self.shared:
            return []
        self._sent.update(places)
        return [place for place in places if not transfer.holds(self.store, place)]

    def carry_out(self, step: str, arguments: Sequence[Any]) -> Carried:
        """What the `step` of the local executor answers, in the words of the driver."""
        carried = Carried(host=socket.gethostname())
        self.store.noticed.clear()
        try:
            given = transfer.translated(list(arguments), self._from_driver)
            answer = getattr(self.executor, step)(*given)
            carried.answer = transfer.translated(answer, self._to_driver)
        except ExportMatrixError as error:
            carried.error = error
        if not self.shared:
            new = self.store.noticed - self._sent
            carried.entries = {place: self._travelling(place) for place in sorted(new)}
            carried.records = self._records()
            self._sent |= new
        spent = dict(self.executor.spent)
        carried.spent = {s: spent[s] - self._spent.get(s, 0.0) for s in spent}
        self._spent = spent
        return carried

    def _travelling(self, place: str) -> Optional[bytes]:
        """What of an entry travels by Ray. The driver joins what is known of the uses of a question
        to what it knows itself, so that goes there in any case."""
        at_the_url = self.store.remote is not None and not place.startswith(f"{USES}/")
        return None if at_the_url else transfer.packed(self.store, place)

    def _records(self) -> Dict[str, str]:
        """The records of the environments of the run that are installed here, by folder."""
        places = [records.place_of(self.cache, e) for e in self._setup.environments.values()]
        files = [place / records.RECORD for place in places if records.read(place)]
        return {file.parent.name: file.read_text(encoding="utf-8") for file in files}


def cache_of(run: str, cache: str) -> Tuple[Path, bool]:
    """Where this node keeps its entries, and whether that is the cache folder of the driver."""
    given = os.environ.get(NODE_CACHE)
    if given:
        return Path(given), False
    folder = Path(cache)
    if (folder / run).exists():
        return folder, True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return folder, False
    except OSError:
        return default_root(), False


#: One a run, and a set of GPUs that Ray gave to this process: workers see those alone.
_nodes: Dict[Tuple[str, str], Node] = {}


def node_of(setup: Callable[[], Setup], run: str) -> Node:
    key = run, os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if key not in _nodes:
        for other in _nodes.values():
            other.executor.close()
        _nodes.clear()
        _nodes[key] = Node(setup())
    return _nodes[key]


def facts(run: str, cache: str, modules: Sequence[str], files: Sequence[str]) -> NodeFacts:
    """What this machine says of itself; `files` are those of the project."""
    there = [path for path in files if os.path.exists(path)]
    return NodeFacts(
        host=socket.gethostname(),
        resources={},
        tool=tool_digest(),
        here=current.describe(modules),
        files={path: file_digest(Path(path)) for path in there},
        shares=cache_of(run, cache)[1],
        clock=time.time(),
        instructions=devices.instructions(),
    )


def carry_out(
    run: str, setup: Sequence[Any], step: str, arguments: Sequence[Any], entries: Mapping[str, Any]
) -> Carried:
    """The Ray task of one step. `setup` and `entries` are references to what is kept in Ray: each
    is fetched where this node lacks it."""
    import ray

    node = node_of(lambda: ray.get(setup[0]), run)
    for place in node.lacking(list(entries)):
        transfer.unpack(node.store, place, ray.get(entries[place]))
    return node.carry_out(step, arguments)
