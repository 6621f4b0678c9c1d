"""Each failure is listed once, with a description of exactly its cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from miniatures.findings import results

from pytest_export_matrix.judging.cell_groups import cover, describe_cells
from pytest_export_matrix.reporting.failures import limits, template

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


def test_reasons_that_differ_only_in_figures_are_one_failure() -> None:
    found = results(lambda cell: f"3 of 5 wrong by {CELLS.index(cell)}.5: {cell.format}")
    assert [
        (limit.where, limit.number, limit.ending, limit.reason) for limit in limits(found.cells)
    ] == [
        ("runtime=pytorch", 24, "failed at run", "3 of 5 wrong by N: torchscript"),
        ("runtime=onnxruntime", 12, "failed at run", "3 of 5 wrong by N: onnx"),
    ]


def test_cells_that_end_in_another_way_are_another_failure() -> None:
    found = results(lambda cell: "no")
    found.cells[3].outcome = "crashed"
    assert [(limit.number, limit.ending) for limit in limits(found.cells)] == [
        (35, "failed at run"),
        (1, "crashed at run"),
    ]


def test_unavailable_cells_are_left_out() -> None:
    found = results(lambda cell: "no", devices=("cpu", "cuda"), absent=("cuda",))
    (limit,) = limits(found.cells)
    assert (limit.where, limit.number) == ("all", 36)


def test_a_template_keeps_figures_that_are_the_same_in_all_reasons() -> None:
    assert template(["1 of 5 at 3.25", "2 of 5 at 3.5"]) == "N of 5 at N"
    assert template(["same 7"]) == "same 7"
    assert template([f"in {'0a' * 16}/model", f"in {'b1' * 16}/model"]) == "in N/model"
    assert template([""]) == ""
