"""Which argument goes into which input of an ONNX file."""

from __future__ import annotations

import pytest

from pytest_export_matrix.runtimes.onnxruntime import feeds


def test_an_argument_that_a_file_does_not_use_is_left_out() -> None:
    assert feeds(["input_0", "input_2"], "abc") == {"input_0": "a", "input_2": "c"}


def test_inputs_are_found_by_name_and_not_by_place() -> None:
    assert feeds(["input_1", "input_0"], "ab") == {"input_1": "b", "input_0": "a"}


def test_a_file_with_names_of_its_own_takes_all_arguments_in_order() -> None:
    assert feeds(["image", "scale"], "ab") == {"image": "a", "scale": "b"}


@pytest.mark.parametrize(
    "names, arguments",
    [
        (["input_0", "input_1", "input_2"], "ab"),
        (["input_0", "scale"], "ab"),
        (["input_0", "scale"], "abc"),
        (["image"], "ab"),
        (["image", "scale"], "a"),
    ],
)
def test_an_unknown_name_or_a_missing_argument_is_an_error(
    names: "list[str]", arguments: str
) -> None:
    with pytest.raises(ValueError, match=f"the file takes {len(names)} inputs"):
        feeds(names, arguments)
