"""The functions that change a model. An error names them as they were registered."""

from __future__ import annotations

import pytest

from pytest_export_matrix.vocabulary.entries import Eager, OutputKind
from pytest_export_matrix.vocabulary.outcomes import Failure
from pytest_export_matrix.worker import messages
from pytest_export_matrix.worker import model as models


@pytest.mark.parametrize("field", ["conventions", "preparation"])
@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("no_such_module:change", "no module 'no_such_module' in the project or installed"),
        ("string:capword", "string has no 'capword'; did you mean 'capwords'?"),
    ],
)
def test_the_error_names_a_function_that_cannot_be_imported(
    field: str, reference: str, problem: str
) -> None:
    eager = Eager(**{field: reference})
    with pytest.raises(Failure) as failure:
        models.change(object(), eager.changes)
    assert str(failure.value) == f"{field}={reference!r}: {problem}"


def changes_nothing(model: object) -> str:
    return ""


def says_nothing(model: object) -> None:
    pass


def test_conventions_may_change_nothing_but_a_preparation_may_not() -> None:
    here = f"{__name__}:changes_nothing"
    assert models.change(object(), [("conventions", here)]) == ""
    with pytest.raises(Failure, match="returned '', expected what it changed"):
        models.change(object(), [("preparation", here)])


@pytest.mark.parametrize("field", ["conventions", "preparation"])
def test_conventions_and_preparations_must_return_what_they_changed(field: str) -> None:
    with pytest.raises(Failure, match="returned None, expected what it changed"):
        models.change(object(), [(field, f"{__name__}:says_nothing")])


def test_conventions_come_before_the_preparation() -> None:
    eager = Eager(conventions="here:first", preparation="here:second")
    assert eager.changes == [("conventions", "here:first"), ("preparation", "here:second")]


def described(calibrate: str) -> messages.Model:
    return messages.Model("m:build", {}, "m:inputs", [], OutputKind("t", "m:compare"), calibrate)


def returns_a_list(model: object) -> object:
    return [1]


def test_a_calibration_returns_attributes_or_nothing() -> None:
    assert models.calibrate(object(), described("")) == {}
    assert models.calibrate(object(), described(f"{__name__}:says_nothing")) == {}
    with pytest.raises(Failure, match=r"calibrate=.* returned \[1\], expected {attribute"):
        models.calibrate(object(), described(f"{__name__}:returns_a_list"))
