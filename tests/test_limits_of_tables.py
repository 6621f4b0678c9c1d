"""Limits that hold for the tables of every matrix: how many columns, how long a cell."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from states import every_cell

from pytest_export_matrix.addons.detectron2 import configurations, published
from pytest_export_matrix.reporting.document_tables import TABLES
from pytest_export_matrix.reporting.grades import WIDEST
from pytest_export_matrix.reporting.grids import MOST_COLUMNS, Grid
from pytest_export_matrix.reporting.support_table import support_grids
from pytest_export_matrix.results.file import load
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import Outcome, Sight, Stage

LONG = "a_model_whose_name_is_longer_than_any_cell"


def wide() -> list[Result]:
    """Forty architectures, eleven methods and nine runtimes with long names, and all that a table
    can be about; every third cell fails."""
    names = tuple(f"{LONG}_{n}" for n in range(40))
    methods = tuple(f"{LONG}_{n}" for n in range(11))
    runtimes = {f"{LONG}_{n}": f"{LONG}_{n}" for n in range(9)}
    found = every_cell((), names, methods, {**runtimes, "onnx": "onnxruntime"})
    for index, each in enumerate(found):
        each.foreign = index % 7 == 0
        each.extra_dependencies = [f"{LONG}_{index % 5}"]
        each.latency = {"first": 123.4, "steady": 12.3}
        each.deviation = {LONG: {"noise": 1e-6, "required": 12.3}}
        each.sight = Sight(64, [LONG] * 3)
        if index % 3 == 0:
            each.outcome, each.stage, each.reason = Outcome.FAILED, Stage.RUN, f"{LONG} {index}"
            each.failed_on = [LONG]
    return found


ROOT = Path(__file__).parents[1]
RUNS = {
    "made up": wide,
    "ours": lambda: load(ROOT / "reports" / "results.json").cells,
    "detectron2's": lambda: load(ROOT / "reports" / "detectron2" / "results.json").cells,
    "its zoo's": lambda: load(ROOT / "reports" / "detectron2" / "zoo" / "results.json").cells,
}


@pytest.fixture(scope="module", params=RUNS)
def grids(request: pytest.FixtureRequest) -> list[Grid]:
    found = RUNS[request.param]()
    return [grid for kind in TABLES.values() for grid in kind.build(found)]


def test_no_table_is_wider_than_eight_columns(grids: list[Grid]) -> None:
    assert max(len(grid.header) for grid in grids) == MOST_COLUMNS
    assert all(len(row) == len(grid.header) for grid in grids for row in grid.rows)


def test_no_cell_is_longer_than_24_characters(grids: list[Grid]) -> None:
    longest = max(
        (text for grid in grids for row in (grid.header, *grid.rows) for text in row), key=len
    )
    assert len(longest) <= WIDEST, longest


def test_more_methods_than_columns_are_a_second_table() -> None:
    assert [grid.title for grid in support_grids(wide())] == [
        "Export support on cpu",
        "Export support on cpu, continued",
    ]


@pytest.mark.parametrize(
    ("report", "folder"),
    [
        (published.render, "detectron2"),
        (configurations.render, "detectron2"),
        (configurations.render, "detectron2/zoo"),
    ],
)
def test_so_are_the_tables_about_detectron2(report: Callable[[Results], str], folder: str) -> None:
    text = report(load(ROOT / "reports" / folder / "results.json"))
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert rows and max(map(len, rows)) <= MOST_COLUMNS
    longest = max((cell.replace("\\", "") for row in rows for cell in row), key=len)
    assert len(longest) <= WIDEST, longest
