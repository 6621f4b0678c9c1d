"""What it takes to read, judge and show the results of a large matrix.

    python -m pytest benchmarks/test_reports.py
    REPORTS_CELLS=12500 python -m pytest benchmarks/test_reports.py

The second line shows whether it grows as the cells do.
The results are invented, with every outcome and every field: `tests/miniatures/matrices.py`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_export_matrix.judging.baseline import Accepted, Baseline
from pytest_export_matrix.judging.verdict import judge
from pytest_export_matrix.reporting import terminal
from pytest_export_matrix.reporting.reporters import html, markdown, rst
from pytest_export_matrix.results import file
from pytest_export_matrix.results.results import Results

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from miniatures import matrices

#: A test runs this small, to see that it works.
CELLS = int(os.environ.get("REPORTS_CELLS", "50000"))


@pytest.fixture(scope="module")
def results() -> Results:
    return matrices.results(-(-CELLS // len(matrices.cells(1))))


def test_read(benchmark: Any, results: Results) -> None:
    text = file.dumps(results)
    assert benchmark(file.loads, text, "results.json") == results


def test_gate(benchmark: Any, results: Results) -> None:
    accepted = {each.cell.id: Accepted.of(each) for each in results.cells if not each.passed}
    state = Baseline("slim", accepted, {})
    verdicts = benchmark(lambda: [judge(each, state) for each in results.cells])
    assert not any(each.fails for each in verdicts)


def test_terminal(benchmark: Any, results: Results) -> None:
    verdicts = {each.cell.id: judge(each, None) for each in results.cells}
    assert benchmark(lambda: list(terminal.lines(results, verdicts, {})))


@pytest.mark.parametrize("reporter", [markdown, rst, html], ids=["md", "rst", "html"])
def test_report(benchmark: Any, results: Results, reporter: Any) -> None:
    assert len(benchmark(reporter.render, results)) > len("a table")
