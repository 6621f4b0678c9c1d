"""Carry out a selection of cells: take what is stored, and make the rest. No pytest here."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence

from pytest_export_matrix.execution import conclusions
from pytest_export_matrix.execution.costs import Costs
from pytest_export_matrix.execution.evidence import CaseOnDisk, CellEvidence
from pytest_export_matrix.execution.executors import (
    Executor,
    Exports,
    of_the_eager_model,
    of_the_engine,
    of_the_export,
    of_the_model,
)
from pytest_export_matrix.execution.scheduler import Scheduler
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.time_left import Left
from pytest_export_matrix.execution.workers.dispatcher import Activity
from pytest_export_matrix.planning.recipes import CaptureKey, Case, Recipe
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.entries import Eager
from pytest_export_matrix.vocabulary.errors import CacheError
from pytest_export_matrix.vocabulary.outcomes import Sight

#: The unit of a model that says what its inputs see, and the one that builds a runtime's program.
SEES, PROGRAM = "sees", "program"


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
    """The results of `recipes`, made in the background once `start` or `result` asks for them."""

    def __init__(
        self, recipes: Sequence[Recipe], executor: Executor, costs: Costs, manners: Manners
    ) -> None:
        self.executor = executor
        self._costs, self._manners = costs, manners
        self._recipes = {recipe.cell: recipe for recipe in recipes}
        self._scheduler = Scheduler(executor.lanes, costs.of, costs.note)
        #: Those of a device that no place has have their result, and wait for nothing.
        self._there = [each for each in recipes if not executor.absent(each.cell.device)]
        self._captures: Dict[CaptureKey, List[Recipe]] = {}
        for recipe in self._there:
            self._captures.setdefault(recipe.capture_key, []).append(recipe)
        #: How many cells have a result.
        self.done = len(recipes) - len(self._there)

    def start(self) -> None:
        """Begin all cells, in order. Programs are built meanwhile: at first there is one model to
        prepare, and nothing else to do."""
        for recipe in self._there:
            runtime, device = recipe.runtime, recipe.cell.device
            if runtime.program:
                build = partial(self.executor.build_ahead, runtime, device)
                self._scheduler.add((PROGRAM, runtime.name), build, kind=PROGRAM)
        for recipe in self._there:
            self._submit(recipe)

    def result(self, cell: Cell) -> "Future[Result]":
        """The future result of `cell`."""
        recipe, absent = self._recipes[cell], self.executor.absent(cell.device)
        if not absent:
            return self._submit(recipe)
        future: Future[Result] = Future()
        future.set_result(self._unfinished(recipe, absent))
        return future

    def close(self) -> None:
        """End all work and all workers; what is under way is not remembered."""
        self.executor.close()
        self._scheduler.close()
        with contextlib.suppress(CacheError):  # without costs the next run is right as well
            self._costs.keep()

    @property
    def activities(self) -> List[Activity]:
        """What is under way now."""
        return self.executor.activities()

    @property
    def time_left(self) -> Optional[Left]:
        """How long the rest takes; None where that cannot be told yet."""
        return self._scheduler.time_left()

    @property
    def planned(self) -> int:
        return len(self._recipes)

    # The units of the scheduler: the model, the model as it is exported, the capture, the cell.

    def _submit(self, recipe: Recipe) -> "Future[Result]":
        add, needs, cell = self._scheduler.add, self.executor.needs, recipe.cell
        model, here = (cell.architecture, cell.device), needs(of_the_model(recipe))
        prepared = add(model, lambda: self._prepare(recipe), needs=here, kind="prepare")
        if self._manners.sees:
            see = partial(self._see, recipe, prepared)
            seen = [add((*model, SEES), see, after=[prepared], needs=here, kind=SEES)]
        else:
            seen = []
        for eager in dict.fromkeys((recipe.architecture.reference, recipe.eager)):
            agree = partial(self._agree, recipe, eager, prepared)
            there = needs(of_the_eager_model(recipe, eager))
            prepared = add((*model, eager), agree, after=[prepared], needs=there, kind=eager)
        exported = add(
            recipe.capture_key,
            lambda: self._export(recipe, prepared.result()),
            after=[prepared],
            needs=needs(of_the_export(recipe)),
            kind=(cell.method, cell.format, cell.preparation),
        )
        finish = partial(self._finish, recipe, prepared, exported)
        there = needs(of_the_engine(recipe))
        return add(cell, finish, after=[exported, *seen], needs=there, kind=cell.runtime)

    def _of_the_model(self, recipe: Recipe) -> List[Recipe]:
        """All recipes of the same model on the same device."""
        model = (recipe.cell.architecture, recipe.cell.device)
        return [
            each
            for each in self._recipes.values()
            if (each.cell.architecture, each.cell.device) == model
        ]

    def _prepare(self, recipe: Recipe) -> PreparedModel:
        return self.executor.prepare(self._of_the_model(recipe))

    def _see(self, recipe: Recipe, model: "Future[PreparedModel]") -> Optional[Sight]:
        return self.executor.see(self._of_the_model(recipe), model.result())

    def _agree(self, recipe: Recipe, eager: Eager, model: "Future[PreparedModel]") -> PreparedModel:
        """Add to the model how `eager` agrees with it. Returns the model."""
        prepared, recipes = model.result(), self._of_the_model(recipe)
        prepared.agreements[eager] = self.executor.agree(eager, recipes, prepared)
        return prepared

    def _captured(self, recipe: Recipe, prepared: PreparedModel) -> List[Recipe]:
        """The recipes of the same capture that have eager answers."""
        recipes = self._captures[recipe.capture_key]
        return [each for each in recipes if not conclusions.lacking(each, prepared)]

    def _export(self, recipe: Recipe, prepared: PreparedModel) -> Exports:
        """Export the format of the recipe's capture. Returns the answer by format, or nothing
        where none of the cells has eager answers."""
        recipes = self._captured(recipe, prepared)
        return self.executor.export(recipes, prepared) if recipes else {}

    def _unfinished(self, recipe: Recipe, absent: Optional[str] = None) -> Result:
        """The result of a cell about which nothing is known but that its device is `absent`."""
        result = conclusions.unfinished(recipe)
        result.repro, result.reason = self._manners.repro(recipe.cell), absent
        return result

    def _finish(
        self, recipe: Recipe, prepared: "Future[PreparedModel]", exported: "Future[Exports]"
    ) -> Result:
        try:
            result = self._unfinished(recipe)
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
        captured = self._captured(recipe, prepared)
        answer = self.executor.infer(recipe, captured, prepared, exports)
        exported = exports[recipe.cell.format]
        conclusions.add_inference(result, recipe, prepared, exported, answer)

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
            limits=self.executor.limits,
            paths=self.executor.paths,
            shown=self._manners.shown,
            renames=recipe.renames,
            eager=recipe.eager,
            installed=self.executor.installed(),
        )


def _on_disk(case: Case, prepared: PreparedModel) -> CaseOnDisk:
    answer = prepared.cases.get(case)
    if not answer or not answer.passed:
        return CaseOnDisk(case)
    return CaseOnDisk(case, answer.folder, answer.eager)
