"""Carrying out a selection of cells: what is stored is taken, the rest is made. No pytest here."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from pytest_export_matrix.execution.evidence import Facts, Known
from pytest_export_matrix.execution.retry import Answer, Doubted, passed
from pytest_export_matrix.execution.scheduler import Scheduler
from pytest_export_matrix.execution.steps.prepare import Jobs
from pytest_export_matrix.execution.steps.step import Prepared
from pytest_export_matrix.execution.workers.dispatcher import Activity, Crew
from pytest_export_matrix.machine import devices
from pytest_export_matrix.planning.recipes import CaptureKey, Case, Recipe, canvas
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

NOTHING_FOUND: Answer = {
    "outcome": Outcome.FAILED.value,
    "reason": "the eager model finds nothing in any of the sample inputs; two empty answers prove "
    "nothing: the architecture needs other inputs or weights",
}
DAMAGED: Answer = {
    "outcome": Outcome.FAILED.value,
    "stage": Stage.LOAD.value,
    "reason": "the exported file was damaged on disk, and again when it had been made anew",
}


class Session:
    """The results of `cells`, made in the background once `start` or `result` asks for them.

    Work that fails is done once more, in a fresh worker, unless `expected` says of the result that
    it would be just what is accepted: what passes then is flaky.
    """

    def __init__(
        self,
        recipes: Sequence[Recipe],
        jobs: Jobs,
        crew: Crew,
        lanes: int,
        repro: Callable[[Cell], str],
        shown: Mapping[str, str],
        expected: Callable[[Result], bool],
    ) -> None:
        self._jobs, self._repro, self._shown = jobs, repro, shown
        self._expected = expected
        self.crew = crew
        self._recipes = {recipe.cell: recipe for recipe in recipes}
        self._scheduler = Scheduler(lanes)
        self._captures: Dict[CaptureKey, List[Recipe]] = {}
        for recipe in recipes:
            self._captures.setdefault(recipe.capture_key, []).append(recipe)
        self.done = 0

    def start(self) -> None:
        """Begin all cells, in order."""
        for recipe in self._recipes.values():
            self._submit(recipe)

    def result(self, cell: Cell) -> "Future[Result]":
        """The future result of `cell`."""
        return self._submit(self._recipes[cell])

    def close(self) -> None:
        """End all work and all workers; what is under way is not remembered."""
        self.crew.pool.close()
        self._scheduler.close()

    @property
    def activities(self) -> List[Activity]:
        """What is under way now."""
        return list(self.crew.activities.values())

    @property
    def planned(self) -> int:
        return len(self._recipes)

    # One unit each of the scheduler: the model, the model as it is exported, the capture, the cell.

    def _submit(self, recipe: Recipe) -> "Future[Result]":
        add, cell = self._scheduler.add, recipe.cell
        if devices.absent(cell.device):
            return add(cell, lambda: self._finish(recipe))
        model = (cell.architecture, cell.device)
        prepared = built = add(model, lambda: self._prepare(recipe))
        if recipe.eager != recipe.architecture.reference:
            prepared = add(
                (*model, recipe.eager),
                lambda: self._agree(recipe, built.result()),
                after=[built],
            )
        exported = add(
            recipe.capture_key, lambda: self._export(recipe, prepared.result()), after=[prepared]
        )
        return add(cell, lambda: self._finish(recipe, prepared, exported), after=[exported])

    def _of_the_model(self, recipe: Recipe) -> List[Recipe]:
        """All recipes of the same model on the same device."""
        model = (recipe.cell.architecture, recipe.cell.device)
        return [
            each
            for each in self._recipes.values()
            if (each.cell.architecture, each.cell.device) == model
        ]

    def _prepare(self, recipe: Recipe) -> Prepared:
        recipes = self._of_the_model(recipe)
        wanted = dict.fromkeys(case for each in recipes for case in each.asked)
        doubted = self._doubted(Stage.REFERENCE, recipes)
        return self._jobs.prepare(recipe, list(wanted), doubted)

    def _agree(self, recipe: Recipe, prepared: Prepared) -> Prepared:
        """`prepared`, with what another eager model answers."""
        recipes = [each for each in self._of_the_model(recipe) if each.eager == recipe.eager]
        wanted = dict.fromkeys(case for each in recipes for case in each.asked)
        doubted = self._doubted(Stage.REFERENCE, recipes)
        agreed = self._jobs.agreements.agree(recipe, prepared, list(wanted), doubted)
        prepared.agreements[recipe.eager] = agreed
        return prepared

    def _export(self, recipe: Recipe, prepared: Prepared) -> Dict[str, Answer]:
        """The answer about each format that shares the recipe's capture and that some cell needs.
        A cell whose eager model gave no answer needs none."""
        captured = self._captures[recipe.capture_key]
        recipes = [each for each in captured if not self._lacking(each, prepared)]
        if not recipes:
            return {}
        exporters = {each.cell.format: each.exporter for each in recipes}
        doubted = self._doubted(Stage.EXPORT, recipes)
        return self._jobs.export(recipes[0], prepared, list(exporters.values()), doubted)

    def _doubted(self, stage: Stage, recipes: Sequence[Recipe]) -> Doubted:
        """Whether a failure (of the format named, if any) is news to one of the cells."""

        def doubted(answer: Answer, format: str) -> bool:
            concerned = [each for each in recipes if format in ("", each.cell.format)]
            return not all(self._expected(_ended(each, answer, stage)) for each in concerned)

        return doubted

    def _finish(
        self,
        recipe: Recipe,
        prepared: Optional["Future[Prepared]"] = None,
        exported: Optional["Future[Dict[str, Answer]]"] = None,
    ) -> Result:
        try:
            result = _unfinished(recipe)
            result.repro = self._repro(recipe.cell)
            if prepared is None or exported is None:
                result.reason = devices.absent(recipe.cell.device)
            else:
                self._judge(result, recipe, prepared.result(), exported.result())
            self._strip_folders(result)
            return result
        finally:
            self.done += 1

    def _strip_folders(self, result: Result) -> None:
        """Put names in the place of this machine's folders: a reason is the same everywhere."""
        for folder, name in self._shown.items():
            result.reason = result.reason and result.reason.replace(folder, name)
            for warning in result.warnings:
                warning["message"] = warning["message"].replace(folder, name)
            result.trials = [
                {**trial, "reason": trial["reason"] and trial["reason"].replace(folder, name)}
                for trial in result.trials
            ]

    def _judge(
        self, result: Result, recipe: Recipe, prepared: Prepared, exports: Dict[str, Answer]
    ) -> None:
        """Fill `result` with what the stages came to; the first that did not pass decides."""
        spec, cases = recipe.spec, recipe.cases
        result.seconds = dict(prepared.seconds)
        lacking = self._lacking(recipe, prepared)
        if lacking:
            conclude(result, lacking, Stage.REFERENCE)
            result.deviation = lacking.get("deviation", {})
            return
        agreed = self._agreed(recipe, prepared)
        found = [*(prepared.cases[case] for case in cases), *agreed]
        result.seconds["reference"] = sum(answer["part_seconds"] for answer in found)
        exported = exports[recipe.cell.format]
        result.exported_at = [canvas(spec.sizes)] if spec.sizes else []
        result.seconds.update(exported.get("seconds", {}))
        result.warnings = [dict(warning) for warning in exported.get("warnings", [])]
        if not passed(exported):
            conclude(result, exported, Stage.EXPORT)
            return
        example = recipe.example
        structure = prepared.cases[example]["outputs"] if example else None
        answer = self._infer(recipe, prepared, exports, structure)
        result.artifact = exported["artifact"]
        result.ran_at = [case.canvas for case in cases[: answer.get("ran", 0)]]
        result.deviation = answer.get("deviation", {})
        result.extra_dependencies = answer.get("extras", [])
        result.trials = answer.get("trials", [])
        result.latency = answer.get("latency", {})
        result.program = answer.get("program", {})
        result.seconds.update(answer.get("seconds", {}))
        result.warnings = result.warnings + answer.get("warnings", [])
        conclude(result, answer, Stage.COMPARE)
        for tried, stage in (
            *((prepared.cases[case], Stage.REFERENCE) for case in recipe.asked),
            *((agreement, Stage.REFERENCE) for agreement in agreed),
            (exported, Stage.EXPORT),
            (answer, Stage.COMPARE),
        ):
            if result.passed and "flaky" in tried:
                conclude(result, {**tried["flaky"], "cached": result.cached}, stage)
                result.flaky = True
        changed = dict.fromkeys(agreement.get("changed") for agreement in agreed)
        result.reason = "\n".join(filter(None, [result.reason, *changed])) or None

    def _lacking(self, recipe: Recipe, prepared: Prepared) -> Optional[Answer]:
        """Why the eager model has no answers that the cell can be compared with, if so."""
        for case in recipe.asked:
            answer = prepared.cases.get(case) or prepared.problem
            if answer and not passed(answer):
                return answer
        if not any(prepared.cases[case]["shows"] for case in recipe.cases):
            return NOTHING_FOUND
        disagreeing = (answer for answer in self._agreed(recipe, prepared) if not passed(answer))
        return next(disagreeing, None)

    def _agreed(self, recipe: Recipe, prepared: Prepared) -> List[Answer]:
        """How the eager model that is exported answers, where that is another one."""
        if recipe.eager == recipe.architecture.reference:
            return []
        return [prepared.agreements[recipe.eager][case] for case in recipe.asked]

    def _infer(
        self,
        recipe: Recipe,
        prepared: Prepared,
        exports: Dict[str, Answer],
        structure: Optional[Dict[str, Any]],
    ) -> Answer:
        """Run the cell's file; one that was damaged on disk since it was made is made again."""
        for _ in range(2):
            exported = exports[recipe.cell.format]
            doubted = self._doubted(Stage.COMPARE, [recipe])
            answer = self._jobs.inferences.infer(recipe, prepared, exported, structure, doubted)
            if answer is not None:
                return answer
            self._jobs.inferences.forget(exported)
            exports.update(self._export(recipe, prepared))
        return DAMAGED

    def facts(self, cell: Cell) -> Facts:
        """What `cell`, whose result is there, was made from, and where the files of it are."""
        prepared = self._scheduler.result((cell.architecture, cell.device), Prepared())
        recipe = self._recipes[cell]
        exported = self._scheduler.result(recipe.capture_key, {}).get(cell.format, {})
        example = recipe.example
        whole = bool(exported) and passed(exported)
        return Facts(
            architecture=recipe.architecture,
            outputs=recipe.outputs,
            exporter=recipe.exporter,
            runtime=recipe.runtime,
            spec=recipe.spec,
            cases=[_known(case, prepared) for case in recipe.cases],
            example=_known(example, prepared) if example else None,
            weights=prepared.weights,
            artifact=str(Path(exported["folder"]) / exported["file"]) if whole else "",
            convention=exported["convention"] if whole else "",
            limits=self.crew.limits,
            paths=self.crew.paths,
            shown=self._shown,
            eager=recipe.eager,
            renames=recipe.renames,
            installed=self.crew.installed(),
        )


def _unfinished(recipe: Recipe) -> Result:
    """The result of a cell of which nothing is known yet."""
    runtime = recipe.runtime
    return Result(recipe.cell, runtime.language, runtime.environment, Outcome.UNAVAILABLE.value)


def _ended(recipe: Recipe, answer: Answer, stage: Stage) -> Result:
    """The result of a cell that ends with `answer`."""
    result = _unfinished(recipe)
    conclude(result, answer, stage)
    return result


def _known(case: Case, prepared: Prepared) -> Known:
    answer = prepared.cases.get(case)
    if not answer or not passed(answer):
        return Known(case)
    return Known(case, answer["folder"], answer)


def conclude(result: Result, answer: Answer, stage: Stage) -> None:
    """Set how `result` ended: as `answer` says, at `stage` unless it names its own."""
    result.outcome = answer["outcome"]
    result.stage = answer.get("stage") or stage.value
    result.reason = answer.get("reason") or "; ".join(answer.get("notes", [])) or None
    result.deviating = answer.get("deviating", [])
    result.failed_on = answer.get("failed_on", [])
    result.detail = "\n".join(filter(None, (answer.get("detail"), answer.get("log"))))
    result.cached = bool(answer.get("cached"))
    if result.outcome == Outcome.UNAVAILABLE.value:
        result.stage = None
