"""Structures are taken apart and put together again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix.vocabulary.pytrees import (
    flatten,
    map_leaves,
    to_arrays,
    unflatten,
    without_empty,
)

leaves = st.integers(0, 100).map(lambda n: np.array([n]))
trees = st.recursive(
    leaves | st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
)


@given(trees)
def test_a_tree_comes_back_from_its_leaves_and_json(tree: Any) -> None:
    flat, spec = flatten(tree)
    again = unflatten(flat, json.loads(json.dumps(spec)))
    assert repr(again) == repr(tree)


def test_a_dataclass_is_a_dict_of_its_fields() -> None:
    import dataclasses

    @dataclasses.dataclass
    class Answer:
        boxes: Any
        scores: Any

    flat, spec = flatten(Answer(np.zeros(1), np.ones(2)))
    assert [len(leaf) for leaf in flat] == [1, 2]
    assert list(unflatten(flat, spec)) == ["boxes", "scores"]


def test_an_object_that_holds_no_tensors_is_refused() -> None:
    with pytest.raises(TypeError, match=r"a builtins\.object holds no tensors"):
        flatten([object()])


def test_numbers_become_arrays_and_strings_are_refused() -> None:
    assert to_arrays({"n": 3, "nothing": None}) == {"n": np.asarray(3), "nothing": None}
    with pytest.raises(TypeError, match="a string among the outputs"):
        to_arrays(["cat"])


def test_empty_containers_and_tuples_of_one_are_removed() -> None:
    boxes = np.zeros((0, 4))
    assert without_empty(({}, [{"boxes": boxes}])) == [{"boxes": boxes}]
    assert without_empty((boxes,)) is boxes
    assert len(without_empty((boxes, boxes))) == 2
    assert without_empty([boxes])[0] is boxes


def test_map_leaves_keeps_the_structure() -> None:
    doubled = map_leaves(lambda leaf: leaf * 2, ([np.array([1])], {"a": np.array([2])}, 7))
    assert doubled[0][0] == 2
    assert doubled[1]["a"] == 4
    assert doubled[2] == 7
