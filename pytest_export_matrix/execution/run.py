"""Carry out a selection of cells: take what is stored, and make the rest. No pytest here."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, TypeVar

from pytest_export_matrix.execution import conclusions
from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.costs import Costs
from pytest_export_matrix.execution.evidence import CaseOnDisk, CellEvidence
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.retry import IsNews
from pytest_export_matrix.execution.scheduler import Scheduler
from pytest_export_matrix.execution.steps.agree import AgreeStep
from pytest_export_matrix.execution.steps.export import ExportStep
from pytest_export_matrix.execution.steps.infer import Engines, InferStep
from pytest_export_matrix.execution.steps.prepare import PrepareStep
from pytest_export_matrix.execution.steps.see import SeeStep
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.store import REMEDY, Damaged, Store
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Activity
from pytest_export_matrix.machine import devices
from pytest_export_matrix.planning.recipes import CaptureKey, Case, Recipe
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.entries import DEFAULT, Eager
from pytest_export_matrix.vocabulary.errors import CacheError
from pytest_export_matrix.vocabulary.outcomes import Sight, Stage
from pytest_export_matrix.worker.messages import Answer

T = TypeVar("T")
Exports = Dict[str, StepAnswer]
#: The unit of a model that says what its inputs see, and the one that builds a runtime's program.
SEES, PROGRAM = "sees", "program"
#: How often what a step reads may be found damaged. The disk is to blame for more.
DAMAGES = 3


@dataclass(frozen=True)
class Means:
    """What steps work with. `fingerprint` stands for the code of this package and the folders that
    the project is imported from."""

    remembered: Remembered
    available: Availability
    engines: Engines
    costs: Costs
    fingerprint: str

    @property
    def store(self) -> Store:
        return self.remembered.store


@dataclass(frozen=True)
class Manners:
    """What the caller tells a run: the command that runs a cell alone, names for folders of this
    machine, whether a failing result is just what is accepted, and whether to find out what the
    inputs of each model see."""

    repro: Callable[[Cell], str]
    shown: Mapping[str, str]
    is_accepted: Callable[[Result], bool]
    sees: bool = False


class MatrixRun:
    """The results of `recipes`, made in the background once `start` or `result` asks for them.

    Work that fails is done once more, in a fresh worker, unless the failure is just what is
    accepted. A cell that passes the second time is flaky.
    """

    def __init__(
        self, recipes: Sequence[Recipe], means: Means, manners: Manners, lanes: int
    ) -> None:
        self._means, self._manners = means, manners
        self._recipes = {recipe.cell: recipe for recipe in recipes}
        self._scheduler = Scheduler(lanes, means.costs.of, means.costs.note)
        self._captures: Dict[CaptureKey, List[Recipe]] = {}
        for recipe in recipes:
            self._captures.setdefault(recipe.capture_key, []).append(recipe)
        self.dispatcher = means.available.dispatcher
        #: How many cells have a result.
        self.done = 0

    def start(self) -> None:
        """Begin all cells, in order. Programs are built meanwhile: at first there is one model to
        prepare, and nothing else to do."""
        for recipe in self._recipes.values():
            runtime = recipe.runtime
            here = runtime.environment == DEFAULT and not devices.absent(recipe.cell.device)
            if runtime.program and here:
                key = (PROGRAM, runtime.name)
                self._scheduler.add(key, partial(self._build_program, recipe))
        for recipe in self._recipes.values():
            self._submit(recipe)

    def result(self, cell: Cell) -> "Future[Result]":
        """The future result of `cell`."""
        return self._submit(self._recipes[cell])

    def close(self) -> None:
        """End all work and all workers; what is under way is not remembered."""
        self.dispatcher.pool.close()
        self._scheduler.close()
        with contextlib.suppress(CacheError):  # without costs the next run is right as well
            self._means.costs.keep()

    @property
    def activities(self) -> List[Activity]:
        """What is under way now."""
        return list(self.dispatcher.activities.values())

    @property
    def seconds_left(self) -> Optional[float]:
        """How long the rest takes; None where that cannot be told yet."""
        return self._scheduler.seconds_left()

    @property
    def planned(self) -> int:
        return len(self._recipes)

    # The units of the scheduler: the model, the model as it is exported, the capture, the cell.

    def _submit(self, recipe: Recipe) -> "Future[Result]":
        add, cell = self._scheduler.add, recipe.cell
        if devices.absent(cell.device):
            return add(cell, lambda: self._finish(recipe))
        model = (cell.architecture, cell.device)
        prepared = add(model, lambda: self._prepare(recipe))
        if self._manners.sees:
            seen = [add((*model, SEES), partial(self._see, recipe, prepared), after=[prepared])]
        else:
            seen = []
        for eager in dict.fromkeys((recipe.architecture.reference, recipe.eager)):
            agree = partial(self._agree, recipe, eager, prepared)
            prepared = add((*model, eager), agree, after=[prepared])
        exported = add(
            recipe.capture_key, lambda: self._export(recipe, prepared.result()), after=[prepared]
        )
        finish = partial(self._finish, recipe, prepared, exported)
        return add(cell, finish, after=[exported, *seen])

    def _build_program(self, recipe: Recipe) -> None:
        """Build the program that a cell is going to ask for. What is wrong is said there."""
        available, programs = self._means.available, self._means.engines.programs
        runtime, device = recipe.runtime, recipe.cell.device
        if not programs.is_stored(runtime) and not available.runtime_problem(runtime, device):
            programs.provide(runtime)

    def _of_the_model(self, recipe: Recipe) -> List[Recipe]:
        """All recipes of the same model on the same device."""
        model = (recipe.cell.architecture, recipe.cell.device)
        return [
            each
            for each in self._recipes.values()
            if (each.cell.architecture, each.cell.device) == model
        ]

    def _prepare(self, recipe: Recipe) -> PreparedModel:
        recipes = self._of_the_model(recipe)
        means, is_news = self._means, self._is_news(Stage.REFERENCE, recipes)

        def prepare() -> PreparedModel:
            step = PrepareStep(means.remembered, means.available, recipe, means.fingerprint)
            return step.prepare(_asked(recipes), is_news)

        return self._undamaged(prepare)

    def _see(self, recipe: Recipe, model: "Future[PreparedModel]") -> Optional[Sight]:
        """What the inputs of all cells of the model see together."""
        cases, reference = _asked(self._of_the_model(recipe)), _of_the_reference(recipe)
        step = SeeStep(self._means.remembered, self._means.available, reference, model.result())
        mend = partial(self._mend_model, recipe, model.result())
        return self._undamaged(lambda: step.see(cases), mend)

    def _agree(self, recipe: Recipe, eager: Eager, model: "Future[PreparedModel]") -> PreparedModel:
        """Add to the model how `eager` agrees with it, the reference itself included, which is
        asked in another process. Returns the model."""
        prepared, recipes = model.result(), self._of_the_model(recipe)
        mend = partial(self._mend_model, recipe, prepared)
        if eager == recipe.architecture.reference:
            recipe = _of_the_reference(recipe)
        else:
            recipes = [each for each in recipes if each.eager == eager]
        is_news = self._is_news(Stage.REFERENCE, recipes)
        step = AgreeStep(self._means.remembered, self._means.available, recipe, prepared)
        agree = partial(step.agree, _asked(recipes), is_news)
        prepared.agreements[eager] = self._undamaged(agree, mend)
        return prepared

    def _export(self, recipe: Recipe, prepared: PreparedModel) -> Exports:
        """Export the format of the recipe's capture. Returns the answer by format, or nothing
        where none of the cells has eager answers."""
        captured = self._captures[recipe.capture_key]
        recipes = [each for each in captured if not conclusions.lacking(each, prepared)]
        if not recipes:
            return {}
        exporters = {each.cell.format: each.exporter for each in recipes}
        is_news = self._is_news(Stage.EXPORT, recipes)
        step = ExportStep(self._means.remembered, self._means.available, recipes[0], prepared)
        export = partial(step.export, list(exporters.values()), is_news)
        return self._undamaged(export, partial(self._mend_model, recipe, prepared))

    def _is_news(self, stage: Stage, recipes: Sequence[Recipe]) -> IsNews:
        """Make the function that says whether a failure (of the named format, if any) is news to
        one of the cells."""
        is_accepted = self._manners.is_accepted

        def is_news(answer: Answer, format: str) -> bool:
            concerned = [each for each in recipes if format in ("", each.cell.format)]
            return not all(
                is_accepted(conclusions.ended(each, answer, stage)) for each in concerned
            )

        return is_news

    def _finish(
        self,
        recipe: Recipe,
        prepared: Optional["Future[PreparedModel]"] = None,
        exported: Optional["Future[Exports]"] = None,
    ) -> Result:
        try:
            result = conclusions.unfinished(recipe)
            result.repro = self._manners.repro(recipe.cell)
            if prepared is None or exported is None:
                result.reason = devices.absent(recipe.cell.device)
            else:
                self._conclude(result, recipe, prepared.result(), exported.result())
                model = (recipe.cell.architecture, recipe.cell.device)
                result.sight = self._scheduler.result((*model, SEES), None)
            conclusions.strip_folders(result, self._manners.shown)
            return result
        finally:
            self.done += 1

    def _conclude(
        self, result: Result, recipe: Recipe, prepared: PreparedModel, exports: Exports
    ) -> None:
        """Fill `result` from the answers of the steps, and run the cell's file if there is one."""
        if not conclusions.add_reference(result, recipe, prepared):
            return
        if not conclusions.add_export(result, recipe, exports[recipe.cell.format]):
            return
        answer = self._infer(recipe, prepared, exports)
        exported = exports[recipe.cell.format]
        conclusions.add_inference(result, recipe, prepared, exported, answer)

    def _infer(self, recipe: Recipe, prepared: PreparedModel, exports: Exports) -> StepAnswer:
        """Run the cell's file. If it was damaged on disk, it is exported again first."""
        means, is_news = self._means, self._is_news(Stage.COMPARE, [recipe])

        def run() -> StepAnswer:
            exported = exports[recipe.cell.format]
            if not exported.passed:
                return exported
            step = InferStep(means.remembered, means.available, means.engines, recipe, prepared)
            return step.infer(exported, is_news)

        def mend_file() -> None:
            key = exports[recipe.cell.format].key
            if means.store.get(ExportStep.kind, key) is None:
                means.store.remove(ExportStep.kind, key)
                exports.update(self._export(recipe, prepared))

        mend_model = partial(self._mend_model, recipe, prepared)
        forget_program = partial(means.engines.programs.forget, recipe.runtime)
        return self._undamaged(run, mend_model, mend_file, forget_program)

    def _mend_model(self, recipe: Recipe, prepared: PreparedModel) -> None:
        """Make again what the store has lost of the weights and answers of a model in use."""
        again = self._prepare(recipe)
        if again.identity != prepared.identity:  # what was made from the model is not of this one
            raise self._broken(f"the weights of {recipe.architecture.name} were damaged")
        prepared.cases = again.cases

    def _undamaged(self, work: Callable[[], T], *mends: Callable[[], None]) -> T:
        """What `work` returns. While an entry that it read turns out to be damaged, `mends` make
        such entries again, and the work is done once more."""
        for _ in range(DAMAGES):
            try:
                return work()
            except Damaged as error:
                problem = f"{error} was damaged {DAMAGES} times in a row"
                for mend in mends:
                    mend()
        raise self._broken(problem)

    def _broken(self, problem: str) -> CacheError:
        return CacheError(f"cache folder {self._means.store.root}", problem, remedy=REMEDY)

    def evidence(self, cell: Cell) -> CellEvidence:
        """What a finished `cell` was made from, and where its files are."""
        recipe = self._recipes[cell]
        prepared = self._scheduler.result((cell.architecture, cell.device), PreparedModel())
        exported = self._scheduler.result(recipe.capture_key, {}).get(cell.format)
        written = exported.written if exported and exported.passed else None
        example = recipe.example
        return CellEvidence(
            architecture=recipe.architecture,
            outputs=recipe.outputs,
            exporter=recipe.exporter,
            runtime=recipe.runtime,
            spec=recipe.spec,
            cases=[_on_disk(case, prepared) for case in recipe.cases],
            example=_on_disk(example, prepared) if example else None,
            weights=prepared.weights,
            artifact=str(Path(exported.folder) / written.file) if written else "",
            convention=written.convention if written else "",
            limits=self.dispatcher.limits,
            paths=self.dispatcher.paths,
            shown=self._manners.shown,
            renames=recipe.renames,
            eager=recipe.eager,
            installed=self._means.available.installed(),
        )


def _asked(recipes: Sequence[Recipe]) -> List[Case]:
    """What the eager model has to answer for `recipes`, each case once."""
    return list(dict.fromkeys(case for each in recipes for case in each.asked))


def _of_the_reference(recipe: Recipe) -> Recipe:
    """The recipe, starting from the eager model that gives the reference."""
    return replace(recipe, eager=recipe.architecture.reference, renames="")


def _on_disk(case: Case, prepared: PreparedModel) -> CaseOnDisk:
    answer = prepared.cases.get(case)
    if not answer or not answer.passed:
        return CaseOnDisk(case)
    return CaseOnDisk(case, answer.folder, answer.eager)
