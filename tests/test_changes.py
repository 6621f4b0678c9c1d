"""Summaries of changes are short, and say nothing of a cell that did not change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from states import cells

from pytest_export_matrix.judging.cell_groups import summarize
from pytest_export_matrix.results.changes import Change, Summary
from pytest_export_matrix.vocabulary.cells import Cell

EVERY = cells("a", "b", "c")


def broke(changed: list[Cell]) -> list[Summary]:
    return summarize([Change(cell, "broke", "", "") for cell in changed], {"broke": EVERY}, EVERY)


def test_all_cells_of_one_architecture_are_summed_up_in_one_sentence() -> None:
    (summary,) = broke([cell for cell in EVERY if cell.architecture == "b"])
    assert summary.text == "architecture=b (12 cells)"


def test_cells_that_two_axes_describe_are_summed_up_in_one_sentence() -> None:
    changed = [c for c in EVERY if c.format == "onnx" and c.batch == "dynamic"]
    (summary,) = broke(changed)
    assert summary.text == "runtime=onnxruntime, batch=dynamic (6 cells)"


def test_a_single_cell_is_named_by_its_id() -> None:
    assert [summary.text for summary in broke([EVERY[7]])] == [EVERY[7].id]


@given(st.sets(st.sampled_from(EVERY)))
def test_every_change_is_said_once_and_nothing_else(changed: set[Cell]) -> None:
    summaries = broke(sorted(changed, key=lambda cell: cell.id))
    said = [cell for summary in summaries for cell in summary.cells]
    assert len(said) == len(set(said))
    assert set(said) == changed
    for summary in summaries:
        if len(summary.cells) > 1 and summary.where != "all":
            terms = [term.split("=") for term in summary.where.split(", ")]
            meant = {
                c for c in EVERY if all(getattr(c, axis) in v.split(" or ") for axis, v in terms)
            }
            assert meant <= changed
