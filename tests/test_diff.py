"""What changed between two results files."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest
from states import cells, environments, failed, passed, result, results

from pytest_export_matrix.judging.diff import diff
from pytest_export_matrix.reporting.change_formats import FORMATS
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import ResultsError
from pytest_export_matrix.vocabulary.outcomes import Outcome

EVERY = cells("a", "b")


def state(
    make: Callable[[Cell], Result] = lambda cell: passed(1e-7, cell), **fields: Any
) -> Results:
    return results([make(cell) for cell in EVERY], **fields)


def said(old: Results, new: Results) -> list[str]:
    return [f"{s.kind}: {s.text}" for s in diff(old, new, "old.json").summaries]


def only(format: str, make: Callable[[Cell], Result]) -> Callable[[Cell], Result]:
    return lambda cell: make(cell) if cell.format == format else passed(1e-7, cell)


ABSENT = only("onnx", lambda cell: result(cell, Outcome.UNAVAILABLE))
RED = only("onnx", failed)
FLAKY = only("onnx", lambda cell: failed(cell, flaky=True))
ELSEWHERE = only("onnx", lambda cell: failed(cell, stage="run"))
DRIFTED = only("onnx", lambda cell: passed(2e-6, cell))
SLOW = only("onnx", lambda cell: passed(1e-7, cell, seconds={"run": 1.0}))
FAST = only("onnx", lambda cell: passed(1e-7, cell, seconds={"run": 0.1}))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (state(), state(RED), "broke"),
        (state(), state(FLAKY), "flaky"),
        (state(RED), state(), "fixed"),
        (state(RED), state(ELSEWHERE), "changed"),
        (state(), state(ABSENT), "lost"),
        (state(ABSENT), state(), "found"),
        (state(), state(DRIFTED), "drifting"),
        (state(FAST), state(SLOW), "slower"),
        (state(SLOW), state(FAST), "faster"),
    ],
)
def test_all_changes_of_one_runtime_are_one_line(old: Results, new: Results, kind: str) -> None:
    assert said(old, new) == [f"{kind}: runtime=onnxruntime (12 cells)"]


def test_equal_results_are_reported_as_unchanged() -> None:
    assert said(state(), state()) == []
    assert FORMATS["terminal"](diff(state(), state(), "old.json")) == (
        "against old.json: nothing changed\n"
    )


def test_new_cells_and_cells_that_are_gone_are_reported() -> None:
    old, new = (
        results([passed(0.0, c) for c in cells("a", "b")]),
        results([passed(0.0, c) for c in cells("b", "c")]),
    )
    assert said(old, new) == [
        "gone: architecture=a (12 cells)",
        "new: architecture=c (12 cells)",
    ]


def test_a_small_difference_of_time_is_noise() -> None:
    slow = state(only("onnx", lambda cell: passed(1e-7, cell, seconds={"run": 0.105})))
    assert said(state(FAST), slow) == []


def test_packages_that_changed_are_named() -> None:
    new = state(environments=environments(torch="2.15"))
    assert diff(state(), new, "old.json").packages == [("default", "torch", "2.14", "2.15")]


def test_files_of_two_profiles_are_not_compared() -> None:
    full = state(matrix=Matrix.of(EVERY, "full"))
    with pytest.raises(ResultsError, match="another profile"):
        diff(full, state(), "old.json")


def test_changes_are_written_as_text_markdown_and_json() -> None:
    found = diff(state(), state(RED, environments=environments("2.15")), "old.json")
    for format in ("terminal", "md"):
        text = FORMATS[format](found)
        assert "passed before, does not now" in text
        assert "runtime=onnxruntime (12 cells)" in text
        assert "2.14" in text and "2.15" in text
        assert EVERY[-1].id in text
    data = json.loads(FORMATS["json"](found))
    assert data["summaries"][0]["kind"] == "broke"
    assert {change["cell"] for change in data["changes"]} == {
        cell.id for cell in EVERY if cell.format == "onnx"
    }
    assert data["packages"][0]["now"] == "2.15"
