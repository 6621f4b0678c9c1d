"""A cell's id names it, and no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix.cells import AXES, NAME, Cell

cells = st.builds(Cell, **dict.fromkeys(AXES, st.from_regex(NAME, fullmatch=True)))


@given(cells)
def test_an_id_holds_the_value_of_each_axis(cell: Cell) -> None:
    assert dict(zip(AXES, cell.id.split("-"))) == cell.axes


@given(cells, cells)
def test_different_cells_have_different_ids(first: Cell, second: Cell) -> None:
    assert (first.id == second.id) == (first == second)
