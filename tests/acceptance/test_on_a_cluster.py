"""A Ray cluster of several nodes on this machine: what it finds out is what one machine does."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest
from conftest import EXPECTED, Small, refused
from miniatures.project import Project, Run, cell, environment, selection
from miniatures.waiting import wait_for
from test_faults import differences, processes_of

# Ray reads at its import that it is to listen to this machine alone.
os.environ.update(RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0", RAY_USAGE_STATS_ENABLED="0")
pytest.importorskip("ray")
#: How many nodes a long run kills: pytest -m long tests/acceptance/test_on_a_cluster.py
KILLS, MANY_KILLS = 1, 50
ENGINES = 334
#: Six cells an engine: two resolutions, three batches.
MANY = f"""
import registration

def pytest_export_matrix_register(registry):
    registry.add(registration.tensors("classifier", "Classifier"))
    registry.add(registration.exporter("counts", lower="counts"))
    for number in range({ENGINES}):
        registry.add(registration.runtime(f"engine_{{number:03}}", "AnswersRightly"))
"""


class Nodes:
    """A cluster on 127.0.0.1, in this process, which itself runs no step."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes: List[Any] = []
        self.caches: List[Path] = []
        self._addresses = (f"127.0.0.{number}" for number in itertools.count(2))

    def add(self, cache: Optional[Path] = None, cores: int = 1, **resources: int) -> None:
        """Add a node; with `cache`, it shares nothing."""
        self.caches += [cache] if cache else []
        variables = {"EXPORT_MATRIX_NODE_CACHE": str(cache)} if cache else {}
        self.nodes.append(
            self._cluster.add_node(
                num_cpus=cores,
                num_gpus=resources.pop("GPU", 0),
                resources=resources,
                env_vars=variables,
                # The driver is on the machine of the head: it is not to go with another node.
                node_ip_address=next(self._addresses),
            )
        )

    def kill(self, node: Any) -> None:
        self.nodes.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    @property
    def executor(self) -> str:
        return f"ray:{self._cluster.address}"

    def close(self) -> None:
        self._cluster.shutdown()


@contextlib.contextmanager
def cluster() -> Iterator[Nodes]:
    nodes = Nodes()
    try:
        yield nodes
    finally:
        nodes.close()


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Nodes]:
    """Nodes that use the cache of the driver."""
    with cluster() as nodes:
        nodes.add()
        nodes.add()
        yield nodes


@pytest.fixture(scope="module")
def unlike_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Nodes that share nothing: one has an engine and what Ray takes for a GPU."""
    folder = tmp_path_factory.mktemp("nodes")
    with cluster() as nodes:
        nodes.add(folder / "plain")
        nodes.add(folder / "engine", segfaults_on_run=1, GPU=1)
        yield nodes


def on(nodes: Nodes, small: Small, cache: Path, *options: str) -> Run:
    given = ["--export-matrix-executor", nodes.executor, f"--export-matrix-cache={cache}"]
    return small.again(*given, *options)


def as_on_one_machine(run: Run, small: Small) -> None:
    assert run.code == small.first.code, run.output
    assert differences(small.first, run) == []
    for field in ("complete", "planned", "counts", "environments"):
        assert run.results[field] == small.first.results[field]


def test_the_results_are_those_of_one_machine(
    two_nodes: Nodes, small: Small, tmp_path: Path
) -> None:
    as_on_one_machine(on(two_nodes, small, tmp_path), small)


def test_a_step_goes_where_its_engine_is_and_what_nodes_made_is_in_the_cache_of_the_driver(
    unlike_nodes: Nodes, small: Small, tmp_path: Path
) -> None:
    as_on_one_machine(on(unlike_nodes, small, tmp_path), small)
    plain, engine = unlike_nodes.caches
    assert "SIGSEGV" in results_in(engine) and "SIGSEGV" not in results_in(plain)
    again = small.again(f"--export-matrix-cache={tmp_path}")
    assert differences(small.first, again) == []
    assert f"{len(EXPECTED)} answered from the cache" in again.output


def test_nodes_that_share_a_url_alone_share_what_they_make_with_every_machine(
    unlike_nodes: Nodes, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec")
    given = ["--export-matrix-executor", unlike_nodes.executor]
    url = f"--export-matrix-cache=file://{tmp_path}/url"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "driver"))
    as_on_one_machine(small.again(*given, url, "--export-matrix-no-cache"), small)

    made = small.project.exports()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another machine"))
    again = small.again(url)
    assert differences(small.first, again) == []
    assert f"{len(EXPECTED)} answered from the cache" in again.output
    assert small.project.exports() == made


def results_in(cache: Path) -> str:
    """What the answers of cells in a cache say."""
    return "".join(path.read_text("utf-8") for path in cache.glob("*/result/*/entry.json"))


def test_a_cell_on_cuda_asks_a_node_with_a_gpu_and_says_what_that_lacks(
    two_nodes: Nodes, unlike_nodes: Nodes, small: Small, tmp_path: Path
) -> None:
    cuda = ["--export-matrix-devices=cuda", *selection([cell(method="counts", device="cuda")])]

    def reason(nodes: Nodes) -> str:
        cache = f"--export-matrix-cache={tmp_path}"
        run = small.project.run("--export-matrix-executor", nodes.executor, cache, *cuda)
        ((outcome, said),) = {(row["outcome"], row["reason"]) for row in run.rows.values()}
        assert outcome == "unavailable"
        return str(said)

    assert reason(two_nodes) == "cuda: no node of the Ray cluster has a GPU"
    assert "finds no CUDA device" in reason(unlike_nodes)


@pytest.mark.parametrize(
    "kills", [KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.long)], ids=str
)
def test_a_node_that_dies_costs_no_result(small: Small, tmp_path: Path, kills: int) -> None:
    chosen, killed = random.Random(kills), 0
    with cluster() as nodes, ThreadPoolExecutor(1) as beside:
        nodes.add()
        nodes.add()
        while killed < kills:
            running = beside.submit(on, nodes, small, tmp_path / str(killed))
            while killed < kills and not wait([running], chosen.uniform(2.0, 20.0)).done:
                nodes.kill(chosen.choice(nodes.nodes))
                nodes.add()
                killed += 1
            as_on_one_machine(running.result(), small)


@pytest.mark.long
def test_the_results_of_two_thousand_cells_are_those_of_one_machine(
    two_nodes: Nodes, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project")
    (project.root / "conftest.py").write_text(MANY, "utf-8")
    here, there = tmp_path / "here", tmp_path / "there"
    few = ["--export-matrix-select=method=counts,runtime=engine_*", "-q"]
    run = project.run(f"--export-matrix-cache={here}", *few, reports="here")
    cluster = ["--export-matrix-executor", two_nodes.executor, f"--export-matrix-cache={there}"]
    other = project.run(*cluster, *few, reports="there")
    assert len(run.rows) == ENGINES * 6 and run.code == other.code
    assert differences(run, other) == []


@pytest.mark.parametrize(
    "sent",
    [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)],
    ids=lambda sent: sent.name,
)
def test_a_run_whose_driver_was_ended_goes_on_and_leaves_no_process(
    two_nodes: Nodes, small: Small, tmp_path: Path, sent: signal.Signals
) -> None:
    command = small.project.command(
        *selection(list(EXPECTED)), f"--export-matrix-cache={tmp_path / 'cache'}"
    )
    command += ["--export-matrix-executor", two_nodes.executor]
    variables: Dict[str, str] = {**environment(), "TMPDIR": str(tmp_path)}
    with open(tmp_path / "log", "wb") as log:
        driver = subprocess.Popen(
            command, cwd=small.project.root, env=variables, stdout=log, stderr=log
        )
        try:
            wait_for(lambda: any((tmp_path / "cache").glob("*/reference/*")))
            driver.send_signal(sent)
            code = driver.wait(120)
        finally:
            driver.kill()
    assert code == (-sent if sent == signal.SIGKILL else pytest.ExitCode.INTERRUPTED)
    wait_for(lambda: not processes_of(tmp_path / "cache"))
    as_on_one_machine(on(two_nodes, small, tmp_path / "cache"), small)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["ra"], "did you mean 'ray'?"),
        (["local:8"], "local, ray or ray:HOST:PORT"),
        (["ray", "-n", "2"], "-n divides the cells already"),
        (["ray:127.0.0.1:1"], "`ray status` shows whether there is a cluster"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_executor_that_is_none_is_refused(
    small: Small, options: List[str], message: str
) -> None:
    refused(small.again("--export-matrix-executor", *options), message)


def test_without_ray_the_option_names_what_to_install(small: Small, tmp_path: Path) -> None:
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "__init__.py").write_text("raise ImportError('none here')", "utf-8")
    patched = {**environment(), "PYTHONPATH": str(tmp_path)}
    command = small.project.command(*selection(list(EXPECTED)[:1]))
    command += ["--export-matrix-executor", "ray"]
    done = subprocess.run(
        command, cwd=small.project.root, env=patched, capture_output=True, text=True, check=False
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
    assert "pip install 'pytest-export-matrix[ray]'" in done.stdout + done.stderr
