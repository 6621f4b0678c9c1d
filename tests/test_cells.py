"""A cell's id names it, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix.cells import AXES, Cell, parse_id

names = st.from_regex(r"[A-Za-z0-9_.]+", fullmatch=True)


@given(st.builds(Cell, **dict.fromkeys(AXES, names)))
def test_an_id_is_parsed_back_to_its_cell(cell: Cell) -> None:
    assert parse_id(cell.id) == cell


@pytest.mark.parametrize(
    "text", ["", "mask_rcnn", "a-b-c-d-e-f", "a-b-c-d-e-f-g-h", "a-b-c-d-e-f-"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cell id"):
        parse_id(text)
