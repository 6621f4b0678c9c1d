"""Whatever happens to a run, the results in the end are those of an undisturbed one.

Each schedule of faults (`miniatures.faults`) disturbs one run on a fresh cache, or several. The run
after them, which nothing disturbs, is compared with the first run of `small`.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import List, Tuple

import psutil
import pytest
from conftest import EXPECTED, ONE_LANE, Small
from miniatures import faults
from miniatures.faults import ACTIONS, PLACING, POINTS, Fault
from miniatures.project import Project, Run

from pytest_export_matrix.execution.store import LAYOUT, TEMPORARY
from pytest_export_matrix.machine.temporary import PREFIX
from pytest_export_matrix.vocabulary.processes import is_from_outside

#: What two undisturbed runs differ in: what they measure, and the names inside a TorchScript file.
MEASURED = ("seconds", "latency", "cached", "artifact")
SCHEDULES = [
    ("place 2: be sent KILL", "poll 20: be sent KILL"),
    ("poll 8: be sent TERM", "task 3: be sent HUP"),
    ("start 1: kill a worker, poll 9: kill a task, poll 25: kill a worker",),
    ("poll 7: terminate a task, task 2: kill a worker, account 3: kill a worker",),
    ("place 3: be overtaken, place 4: find the disk full", "poll 3: be slow, lock 2: be slow"),
    ("", "look up 1: flip a bit, look up 4: cut a file, look up 6: take another entry"),
    ("", "lock 3: remove a file, look up 7: remove an entry, lock 5: flip a bit"),
    ("place 5: flip a bit, task 4: flip a bit, task 5: flip a bit, task 6: cut a file",),
]
#: How many more a long run makes up: pytest -m long tests/acceptance/test_faults.py
RANDOM = 100


def random_schedule(seed: int) -> Tuple[str, ...]:
    chosen = random.Random(seed)

    def fault() -> Fault:
        point, action = chosen.choice(list(POINTS)), chosen.choice(sorted({*ACTIONS} - {"die"}))
        point = "place" if action in PLACING else point
        return Fault(point, chosen.randrange(1, 80 if point == "poll" else 16), action)

    runs = range(chosen.randrange(1, 4))
    return tuple(", ".join(str(fault()) for _ in range(chosen.randrange(4))) for _ in runs)


def differences(run: Run, other: Run, judged: bool = False) -> List[str]:
    """What two runs found out differently, apart from what they measured. `judged`: a cell whose
    every try was killed from outside is left out."""
    pairs = {
        name: (row, other.rows.get(name, {}))
        for name, row in run.rows.items()
        if not (judged and is_from_outside(row["reason"] or ""))
    }
    return [
        f"{name}: {field}: {value!r} != {other_row.get(field)!r}"
        for name, (row, other_row) in pairs.items()
        for field, value in row.items()
        if field not in MEASURED and value != other_row.get(field)
    ]


def processes_of(folder: Path) -> List[int]:
    """The processes whose command names `folder`."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or [])
    ]


@pytest.mark.parametrize(
    "schedules",
    [
        *SCHEDULES,
        *(
            pytest.param(random_schedule(seed), marks=pytest.mark.long, id=f"random{seed}")
            for seed in range(RANDOM)
        ),
    ],
    ids=" then ".join,
)
def test_in_the_end_the_results_are_those_of_an_undisturbed_run(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedules: Tuple[str, ...]
) -> None:
    project = Project(tmp_path / "project", "classifier", "detector")
    shutil.copy(faults.__file__, project.root)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("FAULTS_ROOT", str(project.cache / LAYOUT))
    monkeypatch.setenv("FAULTS_LOG", str(tmp_path / "happened"))

    for schedule in schedules:
        monkeypatch.setenv("FAULTS", schedule)
        run = project.run(*ONE_LANE, "-p", "faults", cells=list(EXPECTED), reports="disturbed")
        assert "INTERNALERROR" not in run.output and "Traceback" not in run.output, run.output
        if run.code == small.first.code:
            assert differences(run, small.first, judged=True) == [], run.output
    last = project.run(*ONE_LANE, cells=list(EXPECTED))

    assert last.rows.keys() == small.first.rows.keys()
    assert differences(last, small.first) == [], last.output
    assert processes_of(temporary) == []
    assert list(temporary.glob(f"{PREFIX}*")) == []
    assert list((project.cache / LAYOUT).glob(f"{TEMPORARY}*")) == []
