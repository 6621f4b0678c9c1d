"""The result of a cell follows from the answers of its steps: the first failure decides."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from pytest_export_matrix import Architecture, Tensors
from pytest_export_matrix.compare.answers import Comparison
from pytest_export_matrix.execution import conclusions
from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.results.result import Artifact, Result, Trial
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.entries import Eager
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage, Warned
from pytest_export_matrix.worker.messages import Answer, EagerAnswer

ARCHITECTURE = Architecture("net", build="nets:net", sizes=((64, 96),))
RECIPE = Recipe(
    Cell("net", "tracing", "torchscript", "pytorch", "cpu", "fixed", "1"),
    ARCHITECTURE,
    Tensors(),
    EXPORTERS[0],
    RUNTIMES[0],
    ARCHITECTURE.reference,
    "",
)
IN_OLDER = Recipe(
    RECIPE.cell, ARCHITECTURE, Tensors(), EXPORTERS[0], RUNTIMES[0], Eager(environment="older"), ""
)
FAILED = StepAnswer(Outcome.FAILED, reason="no")
EXPORTED = StepAnswer(
    seconds={"build": 1.0, "export": 2.0},
    warnings=[Warned("UserWarning", "in <cache>", 1)],
    artifact=Artifact("5dd6", 7),
)
WRONG = Comparison("1 of 4 inputs answered wrongly", {"boxes": {"max_rel": 0.3}}, ["boxes"])


def answered(shows: bool = True, **more: Any) -> StepAnswer:
    return StepAnswer(eager=EagerAnswer({}, {}, "", shows), part_seconds=0.5, **more)


def prepared(**more: Any) -> PreparedModel:
    """A model that answered every case."""
    model = PreparedModel("id", "weights", {case: answered() for case in RECIPE.asked}, **more)
    # The reference answers alike in another process.
    model.agreements[ARCHITECTURE.reference] = dict.fromkeys(RECIPE.asked, StepAnswer())
    return model


def came_to(inferred: StepAnswer, exported: StepAnswer = EXPORTED) -> Result:
    result = conclusions.unfinished(RECIPE)
    conclusions.add_reference(result, RECIPE, prepared())
    conclusions.add_export(result, RECIPE, exported)
    conclusions.add_inference(result, RECIPE, prepared(), exported, inferred)
    return result


def test_a_cell_without_any_answer_is_unavailable() -> None:
    assert conclusions.unfinished(RECIPE).outcome is Outcome.UNAVAILABLE


def test_a_cell_passes_if_all_its_steps_passed() -> None:
    result = came_to(StepAnswer(ran=4, seconds={"run": 3.0}, compared=Comparison()))
    assert (result.outcome, result.stage, result.reason) == (Outcome.PASSED, Stage.COMPARE, None)
    assert not result.flaky and len(result.ran_at) == 4
    assert result.exported_at == [[1, 64, 96]]
    assert result.seconds == {"reference": 2.0, "build": 1.0, "export": 2.0, "run": 3.0}
    assert result.artifact == Artifact("5dd6", 7)


def test_a_wrong_answer_names_the_output_and_its_deviation() -> None:
    wrong = StepAnswer(Outcome.FAILED, Stage.COMPARE, WRONG.reason, compared=WRONG)
    result = came_to(wrong)
    assert result.ending == "failed at compare (boxes)"
    assert result.deviation == {"boxes": {"max_rel": 0.3}}


def test_the_stage_that_an_answer_names_is_kept() -> None:
    crashed = StepAnswer(Outcome.CRASHED, Stage.RUN, "SIGSEGV", ran=2)
    result = came_to(crashed)
    assert result.ending == "crashed at run" and len(result.ran_at) == 2


def test_a_failed_export_ends_the_cell_at_export() -> None:
    result = conclusions.unfinished(RECIPE)
    assert not conclusions.add_export(result, RECIPE, FAILED)
    assert (result.ending, result.reason) == ("failed at export", "no")


def test_a_model_that_cannot_be_built_ends_the_cell_at_build() -> None:
    model = prepared()
    model.cases[RECIPE.cases[1]] = StepAnswer(Outcome.FAILED, Stage.BUILD, "no such module")
    result = conclusions.unfinished(RECIPE)
    assert not conclusions.add_reference(result, RECIPE, model)
    assert result.ending == "failed at build"


def test_a_reference_that_finds_nothing_fails() -> None:
    model = prepared()
    model.cases = {case: answered(shows=False) for case in RECIPE.asked}
    result = conclusions.unfinished(RECIPE)
    assert not conclusions.add_reference(result, RECIPE, model)
    assert result.ending == "failed at reference" and "finds nothing" in str(result.reason)


def test_an_eager_model_of_another_environment_must_agree_first() -> None:
    model = prepared()
    model.agreements[IN_OLDER.eager] = dict.fromkeys(RECIPE.asked, StepAnswer())
    result = conclusions.unfinished(IN_OLDER)
    assert conclusions.add_reference(result, IN_OLDER, model)
    wrong = StepAnswer(Outcome.FAILED, reason="older: differs", compared=WRONG)
    model.agreements[IN_OLDER.eager][RECIPE.cases[0]] = wrong
    assert not conclusions.add_reference(result, IN_OLDER, model)
    assert (result.stage, result.reason) == (Stage.REFERENCE, "older: differs")
    assert result.deviation == {"boxes": {"max_rel": 0.3}}


@pytest.mark.parametrize(
    ("flaky", "stage"),
    [
        ({"exported": Answer(Outcome.CRASHED, None, "SIGSEGV")}, Stage.EXPORT),
        ({"inferred": Answer(Outcome.FAILED, Stage.RUN, "no kernel")}, Stage.RUN),
    ],
)
def test_a_cell_that_passed_at_the_second_try_is_flaky_at_the_stage_of_the_first(
    flaky: Dict[str, Answer], stage: Stage
) -> None:
    exported = StepAnswer(flaky=flaky.get("exported"))
    result = came_to(StepAnswer(flaky=flaky.get("inferred"), cached=True), exported)
    assert result.flaky and not result.passed and result.cached
    assert result.ending == f"flaky at {stage}"


def test_a_failed_cell_is_not_flaky_even_if_an_earlier_step_was() -> None:
    exported = StepAnswer(flaky=Answer(Outcome.CRASHED))
    result = came_to(StepAnswer(Outcome.FAILED, Stage.LOAD, "no"), exported)
    assert not result.flaky and result.ending == "failed at load"


def test_an_unavailable_cell_has_no_stage() -> None:
    result = came_to(StepAnswer(Outcome.UNAVAILABLE, Stage.LOAD, "not installed"))
    assert (result.stage, result.reason) == (None, "not installed")


def test_folders_of_this_machine_are_replaced_by_their_names() -> None:
    trial = Trial(["torchvision"], Outcome.FAILED, Stage.LOAD, "/home/me/cache/x is gone")
    result = came_to(StepAnswer(Outcome.FAILED, Stage.LOAD, "in /home/me/cache", trials=[trial]))
    result.warnings = [Warned("UserWarning", "/home/me/cache/v1", 1)]
    conclusions.strip_folders(result, {"/home/me/cache": "<cache>"})
    assert result.reason == "in <cache>"
    assert result.warnings == [Warned("UserWarning", "<cache>/v1", 1)]
    assert result.trials[0].reason == "<cache>/x is gone"
    assert trial.reason == "/home/me/cache/x is gone"
