"""The benchmarks work; what they measure is measured by name, with nothing else to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from miniatures.project import Project, cell, environment, selection

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RIGHT, WRONG = cell(runtime="pytorch"), cell(runtime="off_by_one_percent")


def benchmark(file: str, *options: str, **small: str) -> str:
    """What a benchmark prints that was told to be small."""
    pytest.importorskip("pytest_benchmark")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, file],
        cwd=BENCHMARKS,
        env={**environment(), **small},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_collection_is_compared_with_plain_parametrize() -> None:
    said = benchmark("test_collection.py", COLLECTION_CELLS="100", COLLECTION_PAIRS="1")
    assert "cells / tests: " in said


def test_cells_without_work_are_measured_beside_tests_that_skip() -> None:
    said = benchmark("test_idle_cells.py", IDLE_CELLS="60")
    assert " idle cells: " in said or "1 skipped" in said


def test_reports_of_large_matrices_are_made() -> None:
    benchmark("test_reports.py", "--benchmark-disable", REPORTS_CELLS="240")


def test_the_matrix_and_plain_tests_end_every_cell_alike(tmp_path: Path) -> None:
    project, report = Project(tmp_path / "project", "classifier"), tmp_path / "report.json"
    command = [
        *(sys.executable, str(BENCHMARKS / "matrix_against_plain.py"), "--no-warm-up"),
        *("--project", str(project.root), "--output", str(report), "--workers", "1"),
    ]
    for name in (RIGHT, WRONG):
        _, method, format, runtime, _, resolution, batch = name.split("-")
        axes = f"method={method},format={format},runtime={runtime}"
        command += ["--select", f"{axes},resolution={resolution},batch={batch},device=cpu"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text("utf-8"))
    assert found["planned"] == 2
    assert "0 cells ended otherwise (matrix, plain)" in done.stdout
    assert "from the cache when warm: 2 of 2" in done.stdout


def test_what_travels_to_the_nodes_of_a_cluster_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    project = Project(tmp_path / "project", "classifier")
    command = [sys.executable, str(BENCHMARKS / "cluster_traffic.py"), "--nodes", "1"]
    _, expression = selection([RIGHT])
    command += ["--project", str(project.root), "--select", expression]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 cells on 1 nodes" in done.stdout and "1 passed" in done.stdout
    assert "came back" in done.stdout


def test_the_published_matrix_would_keep_up_to_sixty_four_lanes_busy() -> None:
    """Simulated: at most 1.15 times as long as it takes if no lane ever waits."""
    results = BENCHMARKS.parent / "reports" / "results.json"
    command = [sys.executable, str(BENCHMARKS / "simulate_schedule.py"), str(results)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()[3:]]
    assert [int(row[0]) for row in rows] == [1, 2, 4, 8, 16, 32, 64]
    assert all(float(row[4]) >= 1 / 1.15 for row in rows)
    said = (BENCHMARKS / "README.md").read_text("utf-8")
    assert [row for row in rows if f"| {' | '.join(row)} |" not in said] == []


def test_the_profile_of_the_published_matrix_is_the_one_that_is_documented() -> None:
    results = BENCHMARKS.parent / "reports" / "results.json"
    command = [sys.executable, str(BENCHMARKS / "profile_of_work.py"), str(results)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout in (BENCHMARKS / "README.md").read_text("utf-8")
