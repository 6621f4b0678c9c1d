"""A cell's id names it, and no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix.vocabulary.cells import AXES, NAME, PLAIN, PREPARED, Cell

names = st.from_regex(NAME, fullmatch=True)
cells = st.builds(
    Cell, **{**dict.fromkeys(AXES, names), "preparation": st.sampled_from((PLAIN, PREPARED))}
)


@given(cells)
def test_an_id_holds_the_value_of_each_axis(cell: Cell) -> None:
    """Except `plain`, which an id leaves out."""
    found = {"preparation": PLAIN, **dict(zip(AXES, cell.id.split("-")))}
    assert found == cell.axes


@given(cells)
def test_a_cell_can_be_made_from_its_id(cell: Cell) -> None:
    assert Cell.of(cell.id) == cell


ID = "net-tracing-onnx-onnxruntime-cpu-fixed-1"


@pytest.mark.parametrize("text", ["", ID[:-2], f"{ID}-plain", f"{ID}-done", f"{ID}-prepared-1"])
def test_a_text_that_is_not_an_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no id of a cell"):
        Cell.of(text)


@given(cells, cells)
def test_different_cells_have_different_ids(first: Cell, second: Cell) -> None:
    assert (first.id == second.id) == (first == second)
