"""Other runtimes tell whether a file or an engine is at fault."""

from __future__ import annotations

from typing import Any

import pytest
import states

from pytest_export_matrix.reporting.arbiter import Arbiter
from pytest_export_matrix.results.result import Artifact, Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

FILE, OTHER_FILE = Artifact("ab", 7), Artifact("cd", 7)


def ran_in(runtime: str, outcome: Outcome, batch: str = "1", **fields: Any) -> Result:
    cell = Cell("net", "tracing", "onnx", runtime, "cpu", "fixed", batch)
    return states.result(cell, outcome, **{"artifact": FILE, **fields})


WRONG = ran_in("openvino", Outcome.FAILED)
RIGHT = ran_in("onnxruntime", Outcome.PASSED)


def test_a_file_that_another_runtime_answers_rightly_is_right() -> None:
    said = Arbiter([WRONG, RIGHT]).fault([WRONG])
    assert said == "the file is right: ONNX Runtime answers it as the eager model does"
    crashed = ran_in("openvino", Outcome.CRASHED, stage=Stage.RUN)
    assert Arbiter([crashed, RIGHT]).fault([crashed]) == said


def test_a_file_that_another_engine_answers_wrongly_as_well_is_wrong() -> None:
    also = ran_in("onnxruntime", Outcome.FAILED)
    said = "the file is wrong: ONNX Runtime answers it wrongly as well"
    assert Arbiter([WRONG, also]).fault([WRONG]) == said


@pytest.mark.parametrize(
    "other",
    [
        ran_in("onnxruntime", Outcome.PASSED, artifact=OTHER_FILE),
        ran_in("onnxruntime", Outcome.PASSED, batch="2"),
        ran_in("onnxruntime", Outcome.FAILED, stage=Stage.LOAD),
        ran_in("onnxruntime", Outcome.UNAVAILABLE),
        ran_in("openvino_f32", Outcome.FAILED),
    ],
    ids=["another file", "other inputs", "not answered", "not there", "the same engine"],
)
def test_nothing_is_said_where_nothing_is_known(other: Result) -> None:
    assert Arbiter([WRONG, other]).fault([WRONG]) == ""


def test_what_holds_for_some_cells_of_a_cause_is_not_said_of_all() -> None:
    more = ran_in("openvino", Outcome.FAILED, batch="2")
    assert Arbiter([WRONG, RIGHT, more]).fault([WRONG, more]) == ""
