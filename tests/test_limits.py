"""Each failure is listed once, with a description of exactly its cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from miniatures.findings import results

from pytest_export_matrix.judging.cell_groups import cover, describe_cells
from pytest_export_matrix.reporting.causes import template
from pytest_export_matrix.reporting.limits_table import limits_grids, limits_notes
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Outcome

CELLS = [result.cell for result in results(devices=("cpu", "cuda")).cells]


@given(st.sets(st.sampled_from(CELLS), min_size=1))
def test_boxes_hold_exactly_the_given_cells(chosen: set) -> None:  # type: ignore[type-arg]
    cells = [cell for cell in CELLS if cell in chosen]
    found = [
        [c for c in CELLS if all(c.axes[axis] in values for axis, values in box.items())]
        for box in cover(cells, CELLS)
    ]
    assert sorted(cell.id for part in found for cell in part) == sorted(c.id for c in cells)


def test_a_description_of_cells_names_no_more_axes_than_it_needs() -> None:
    def words(condition: object) -> str:
        return describe_cells([cell for cell in CELLS if condition(cell)], CELLS)  # type: ignore[operator]

    assert words(lambda cell: True) == "all"
    assert words(lambda cell: cell.format == "onnx") == "runtime=onnxruntime"
    assert words(lambda c: c.method == "tracing" and c.batch != "1") == (
        "method=tracing, batch=2 or dynamic"
    )
    assert words(lambda c: c.method == "scripting" or c.batch == "1") == (
        "method=tracing, batch=1; method=scripting"
    )


def rows(found: list[Result]) -> list[tuple[str, ...]]:
    return [tuple(row[1:]) for grid in limits_grids(found) for row in grid.rows]


def test_reasons_that_differ_only_in_figures_are_one_failure() -> None:
    found = results(lambda cell: f"3 of 5 wrong by {CELLS.index(cell)}.5: {cell.format}").cells
    both, methods = "net_a, net_b", "tracing, scripting"
    assert rows(found) == [
        ("24", "failed at run", both, methods, "PyTorch"),
        ("12", "failed at run", both, "tracing", "ONNX Runtime"),
    ]
    first, second = limits_notes(found)
    assert "wrong by N: torchscript" in first and first.endswith("Cells: runtime=pytorch")
    assert "wrong by N: onnx" in second and second.endswith("Cells: runtime=onnxruntime")


def test_cells_that_end_in_another_way_are_another_failure() -> None:
    found = results(lambda cell: "no").cells
    found[3].outcome = Outcome.CRASHED
    assert [row[:2] for row in rows(found)] == [("35", "failed at run"), ("1", "crashed at run")]


def test_unavailable_cells_are_left_out() -> None:
    found = results(lambda cell: "no", devices=("cpu", "cuda"), absent=("cuda",)).cells
    assert [row[0] for row in rows(found)] == ["36"]
    assert [note.partition("Cells: ")[2] for note in limits_notes(found)] == ["all"]


def test_where_names_do_not_fit_there_is_how_many_of_how_many() -> None:
    found = results(lambda cell: "no", architectures=tuple(f"net_{i}" for i in range(9))).cells
    assert [row[2] for row in rows(found)] == ["9 of 9"]


def test_a_template_keeps_figures_that_are_the_same_in_all_reasons() -> None:
    assert template(["1 of 5 at 3.25", "2 of 5 at 3.5"]) == "N of 5 at N"
    assert template(["same 7"]) == "same 7"
    assert template([f"in {'0a' * 16}/model", f"in {'b1' * 16}/model"]) == "in N/model"
    assert template([""]) == ""
