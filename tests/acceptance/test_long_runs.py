"""What is promised in docs/promises.md, many times over: `pytest -m long -s` prints the figures."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List

import psutil
import pytest
from conftest import EXPECTED, ONE_LANE, Small
from miniatures.faults import ON_DISK, entries, files, tasks, workers
from miniatures.project import Project, Run, environment, selection
from test_faults import differences, processes_of

from pytest_export_matrix.execution.store import LAYOUT, TEMPORARY, Store
from pytest_export_matrix.machine.temporary import PREFIX

pytestmark = pytest.mark.long

KILLS, CACHES, FLIPS, ROUNDS = 200, 300, 100_000, 20
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: The longest that a run goes on before something is killed, in seconds.
UNDISTURBED = 8.0


def started(project: Project, temporary: Path, reports: str) -> "subprocess.Popen[bytes]":
    options = [*ONE_LANE, *selection(list(EXPECTED))]
    log = (project.root / f"{reports}.log").open("wb")
    return subprocess.Popen(
        project.command(*options, reports=reports),
        cwd=project.root,
        env={**environment(), "TMPDIR": str(temporary)},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def ended(project: Project, process: "subprocess.Popen[bytes]", reports: str) -> Run:
    log = project.root / f"{reports}.log"
    return Run(process.wait(), log.read_text("utf-8", "replace"), project.root / reports)


def targets(process: "subprocess.Popen[bytes]") -> Dict[str, List[psutil.Process]]:
    """Pytest, its workers, and their tasks."""
    pid = process.pid
    return {"pytest": [psutil.Process(pid)], "a worker": workers(pid), "a task": tasks(pid)}


def test_two_hundred_random_kills_change_no_result(small: Small, tmp_path: Path) -> None:
    temporary, chosen = tmp_path / "tmp", random.Random(1)
    temporary.mkdir()
    kills: Dict[str, int] = {}
    runs = 0
    while sum(kills.values()) < KILLS:
        project = Project(tmp_path / f"{runs}" / "project", "classifier", "detector")
        done = False
        while not done:
            runs += 1
            process = started(project, temporary, "out")
            try:
                process.wait(chosen.uniform(0.5, UNDISTURBED))
            except subprocess.TimeoutExpired:
                name = chosen.choice(["pytest", "a worker", "a task"])
                try:
                    for victim in targets(process)[name][:1]:
                        number = chosen.choice(SIGNALS)
                        victim.send_signal(number)
                        what = f"{name} by {number.name}"
                        kills[what] = kills.get(what, 0) + 1
                except psutil.Error:
                    pass
            run = ended(project, process, "out")
            assert "INTERNALERROR" not in run.output, run.output
            done = run.code == small.first.code
        assert differences(run, small.first, judged=True) == [], run.output
        last = project.run(*ONE_LANE, cells=list(EXPECTED))
        assert differences(last, small.first) == [], last.output
        assert list((project.cache / LAYOUT).glob(f"{TEMPORARY}*")) == []
        print(f"{sum(kills.values())} kills in {runs} runs: {kills}", flush=True)
    assert processes_of(temporary) == []


def test_three_hundred_corrupted_caches_change_no_result(small: Small, tmp_path: Path) -> None:
    random.seed(2)
    project = Project(tmp_path / "project", "classifier", "detector")
    first = project.run(*ONE_LANE, cells=list(EXPECTED))
    kept = tmp_path / "kept"
    shutil.copytree(project.cache, kept)
    made_again = 0
    for number in range(1, CACHES + 1):
        shutil.rmtree(project.cache)
        shutil.copytree(kept, project.cache)
        for _ in range(random.randrange(1, 8)):
            random.choice(list(ON_DISK.values()))(project.cache / LAYOUT, ())
        run = project.run(*ONE_LANE, cells=list(EXPECTED))
        assert differences(run, first) == [], run.output
        made_again += not all(row["cached"] for row in run.rows.values())
        print(f"{number} corrupted caches, {made_again} with cells made again", flush=True)


def flips(root: Path, count: int) -> Iterator[Any]:
    """(entry, file) of each of `count` single-bit flips, one at a time."""
    there, chosen = entries(root), random.Random(3)
    for _ in range(count):
        entry = chosen.choice(there)
        path = chosen.choice([each for each in files(root) if entry in each.parents])
        right = path.read_bytes()
        if right:
            place = chosen.randrange(8 * len(right))
            flipped = bytearray(right)
            flipped[place // 8] ^= 1 << place % 8
            path.write_bytes(flipped)
            yield entry, path
            path.write_bytes(right)


def test_a_hundred_thousand_flipped_bits_are_never_served(small: Small, tmp_path: Path) -> None:
    shutil.copytree(small.project.cache, tmp_path / "cache")
    store = Store(tmp_path / "cache")
    right = {path: store.get(path.parent.name, path.name) for path in entries(store.root)}
    assert all(right.values())
    flipped = unnoticed = 0
    for entry, _ in flips(store.root, FLIPS):
        found = store.get(entry.parent.name, entry.name)
        assert found in (None, right[entry])
        flipped += 1
        unnoticed += found is not None
    print(f"\n{flipped} flips in {len(right)} entries: {unnoticed} without meaning, none served")


def test_four_runs_share_a_cold_cache_twenty_times(small: Small, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    for number in range(ROUNDS):
        project = Project(tmp_path / str(number) / "project", "classifier", "detector")
        names = [f"out{i}" for i in range(4)]
        processes = {name: started(project, temporary, name) for name in names}
        for name, process in processes.items():
            run = ended(project, process, name)
            assert run.code == small.first.code, run.output
            assert differences(run, small.first) == [], run.output
        assert len(project.exports()) == 2
    assert list(temporary.glob(f"{PREFIX}*")) == []
    print(f"\n{ROUNDS} rounds of 4 runs: each file was exported once")


MANY = """
import json, os, psutil, registration, tempfile

ARCHITECTURES = [registration.tensors(f"net{i}", "Classifier") for i in range(COUNT)]
measured = []

def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    for each in ARCHITECTURES:
        registry.add(each)

def pytest_runtest_logreport(report):
    if report.when == "teardown":
        measured.append(report.nodeid)
        if len(measured) % 500 == 0:
            here = psutil.Process()
            temporary = len(os.listdir(tempfile.gettempdir()))
            figures = [len(measured), here.memory_info().rss >> 20, here.num_fds(), temporary,
                       len(here.children(recursive=True)), here.num_threads()]
            with open("figures.jsonl", "a") as file:
                file.write(json.dumps(figures) + "\\n")
"""


def test_five_thousand_tiny_cells_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    project = Project(tmp_path / "project", "classifier")
    # Four engines, two resolutions, three batches: 24 cells each.
    text = MANY.replace("COUNT", "209")
    (project.root / "conftest.py").write_text(text, encoding="utf-8")
    engines = "runtime=answers_rightly,runtime=wrong_shape,runtime=wrong_order,runtime=answers_nan"
    select = ["--export-matrix-select", f"architecture=net*,method=counts,{engines}"]

    for name in ("cold", "warm"):
        run = project.run(*select, "-q", reports=name)
        seconds, cells = run.results["seconds"], len(run.rows)
        text = (project.root / "figures.jsonl").read_text("utf-8")
        figures = [json.loads(line) for line in text.splitlines()]
        (project.root / "figures.jsonl").unlink()
        each, counts = 1000 * seconds / cells, run.results["counts"]
        print(f"\n{name}: {cells} cells, {each:.1f} ms each, {counts}")
        print("cells, MiB, descriptors, temporary files, processes, threads:")
        print("\n".join(map(str, (figures[0], figures[len(figures) // 2], figures[-1]))))
        assert cells > 5000
        early, late = figures[1], figures[-1]
        assert late[2] <= early[2] + 4 and late[3] <= early[3] + 4 and late[5] <= early[5] + 2
    assert list(temporary.glob(f"{PREFIX}*")) == []
