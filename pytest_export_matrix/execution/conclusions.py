"""Make a cell's result from the answers of its steps: the first that did not pass decides. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Mapping, Optional

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.planning.recipes import Recipe, canvas
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage
from pytest_export_matrix.worker.messages import Answer

NOTHING_FOUND = StepAnswer(
    Outcome.FAILED,
    reason="the eager model finds nothing in any of the sample inputs; two empty answers prove "
    "nothing: the architecture needs other inputs or weights",
)


def unfinished(recipe: Recipe) -> Result:
    """The result of a cell about which nothing is known yet."""
    runtime = recipe.runtime
    return Result(
        recipe.cell,
        runtime.language,
        runtime.environment,
        Outcome.UNAVAILABLE,
        foreign=recipe.is_foreign,
    )


def ended(recipe: Recipe, answer: Answer, stage: Stage) -> Result:
    """The result of a cell that ends with `answer`."""
    result = unfinished(recipe)
    set_ending(result, answer, stage)
    return result


def set_ending(result: Result, answer: Answer, stage: Stage) -> None:
    """Set how `result` ended: as `answer` says, at `stage` unless it names its own."""
    compared = answer.compared
    result.outcome = answer.outcome
    result.stage = answer.stage or stage
    notes = compared.notes if compared else []
    result.reason = answer.reason or "; ".join(notes) or None
    result.deviating = compared.deviating if compared else []
    result.failed_on = answer.failed_on
    result.detail = "\n".join(filter(None, (answer.detail, answer.log)))
    result.cached = isinstance(answer, StepAnswer) and answer.cached
    if answer.outcome is Outcome.UNAVAILABLE:
        result.stage = None


def lacking(recipe: Recipe, prepared: PreparedModel) -> Optional[StepAnswer]:
    """Why the cell has no eager answers to be compared with; None where it has them."""
    for case in recipe.asked:
        if not prepared.cases[case].passed:
            return prepared.cases[case]
    found = (prepared.cases[case].eager for case in recipe.cases)
    if not any(eager and eager.shows for eager in found):
        return NOTHING_FOUND
    disagreeing = (answer for answer in agreed(recipe, prepared) if not answer.passed)
    return next(disagreeing, None)


def agreed(recipe: Recipe, prepared: PreparedModel) -> List[StepAnswer]:
    """How the reference in another process, and the exported eager model where that is another one,
    agree with the reference."""
    eagers = dict.fromkeys((recipe.architecture.reference, recipe.eager))
    return [prepared.agreements[eager][case] for eager in eagers for case in recipe.asked]


def add_reference(result: Result, recipe: Recipe, prepared: PreparedModel) -> bool:
    """Add the answers of the eager models to `result`. Returns whether the cell goes on."""
    result.seconds = dict(prepared.seconds)
    lack = lacking(recipe, prepared)
    if lack:
        set_ending(result, lack, Stage.REFERENCE)
        result.deviation = lack.compared.deviation if lack.compared else {}
        return False
    found = [*(prepared.cases[case] for case in recipe.cases), *agreed(recipe, prepared)]
    result.seconds["reference"] = sum(answer.part_seconds or 0.0 for answer in found)
    return True


def add_export(result: Result, recipe: Recipe, exported: StepAnswer) -> bool:
    """Add the export to `result`. Returns whether the cell goes on."""
    sizes = recipe.spec.sizes
    result.exported_at = [canvas(sizes)] if sizes else []
    result.seconds.update(exported.seconds)
    result.warnings = list(exported.warnings)
    if not exported.passed:
        set_ending(result, exported, Stage.EXPORT)
        return False
    return True


def add_inference(
    result: Result,
    recipe: Recipe,
    prepared: PreparedModel,
    exported: StepAnswer,
    answer: StepAnswer,
) -> None:
    """Add the run of the file to `result`. A cell that passed is flaky where any of its steps
    failed at the first try."""
    result.artifact = exported.artifact
    result.ran_at = [case.canvas for case in recipe.cases[: answer.ran]]
    result.deviation = answer.compared.deviation if answer.compared else {}
    result.extra_dependencies = answer.extras
    result.trials = answer.trials
    result.latency, result.program = answer.latency, answer.versions
    result.seconds.update(answer.seconds)
    result.warnings += answer.warnings
    set_ending(result, answer, Stage.COMPARE)
    if answer.compared and answer.compared.proves_nothing:
        unproven = StepAnswer(Outcome.FAILED, reason=answer.compared.proves_nothing)
        set_ending(result, replace(unproven, cached=answer.cached), Stage.REFERENCE)
    others = agreed(recipe, prepared)
    for tried, stage in (
        *((prepared.cases[case], Stage.REFERENCE) for case in recipe.asked),
        *((agreement, Stage.REFERENCE) for agreement in others),
        (exported, Stage.EXPORT),
        (answer, Stage.COMPARE),
    ):
        if result.passed and tried.flaky:
            cached = result.cached
            set_ending(result, tried.flaky, stage)
            result.cached, result.flaky = cached, True
    changed = dict.fromkeys(agreement.changed for agreement in others)
    eager = (prepared.cases[case].eager for case in recipe.cases)
    notes = dict.fromkeys(note for answer in eager if answer for note in answer.notes)
    result.reason = "\n".join(filter(None, [result.reason, *changed, *notes])) or None


def strip_folders(result: Result, shown: Mapping[str, str]) -> None:
    """Replace this machine's folders by names, so that a reason is the same everywhere."""
    for folder, name in shown.items():
        result.reason = result.reason and result.reason.replace(folder, name)
        result.warnings = [
            replace(warning, message=warning.message.replace(folder, name))
            for warning in result.warnings
        ]
        result.trials = [
            replace(trial, reason=trial.reason and trial.reason.replace(folder, name))
            for trial in result.trials
        ]
