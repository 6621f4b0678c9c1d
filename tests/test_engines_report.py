"""`engines.md`, as the matrix of engines writes it: here of what the findings hold."""

from __future__ import annotations

from pathlib import Path

from conformance.engines.engines import render
from pytest_export_matrix.results.file import loads
from pytest_export_matrix.results.results import Versions

ROOT = Path(__file__).parents[1]


def test_a_row_of_an_engine_counts_what_passed_and_where_the_others_stop() -> None:
    path = ROOT / "reports" / "findings" / "results.json"
    found = loads(path.read_text("utf-8"), path.name)
    of_ncnn = [each for each in found.cells if each.cell.runtime == "ncnn_f32"]
    wrong = sum(not each.passed for each in of_ncnn)
    row = next(line for line in render(found).splitlines() if line.startswith("| pnnx | ncnn |"))
    assert f"| {len(of_ncnn) - wrong} of {len(of_ncnn)} | – | compare {wrong} |" in row


def test_what_a_run_installed_has_its_size_and_time_in_the_table_of_environments() -> None:
    path = ROOT / "reports" / "findings" / "results.json"
    found = loads(path.read_text("utf-8"), path.name)
    found.environments["ncnn"] = Versions("3.12.1", "Linux", {"ncnn": "1.0"}, 89_000_000, 2.6)
    text = render(found)
    assert "| ncnn | 3.12.1 | Linux | 89 MB, installed in 3 s | ncnn 1.0 |" in text
    made = found.environments["default"]
    assert f"| default | {made.python} | {made.platform} | the project's own |" in text
