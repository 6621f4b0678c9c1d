"""Carry out steps on this machine, in workers of this process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Callable, Dict, List, Mapping, Optional, Sequence, TypeVar

from pytest_export_matrix.execution import conclusions
from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.executors import Exports, Names, asked
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.retry import IsNews
from pytest_export_matrix.execution.scheduler import ANYWHERE, Needs
from pytest_export_matrix.execution.steps.agree import AgreeStep
from pytest_export_matrix.execution.steps.build_program import Programs
from pytest_export_matrix.execution.steps.export import ExportStep
from pytest_export_matrix.execution.steps.infer import Engines, InferStep
from pytest_export_matrix.execution.steps.prepare import PrepareStep
from pytest_export_matrix.execution.steps.see import SeeStep
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.store import REMEDY, Damaged, Store
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Activity
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.machine import devices
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import DEFAULT, Eager, Runtime
from pytest_export_matrix.vocabulary.errors import CacheError
from pytest_export_matrix.vocabulary.outcomes import Sight, Stage
from pytest_export_matrix.worker.messages import Answer

T = TypeVar("T")
#: How often what a step reads may be found damaged. The disk is to blame for more.
DAMAGES = 3


@dataclass(frozen=True)
class LocalExecutor:
    """An `Executor` of this machine.

    Work that fails is done once more, in a fresh worker, unless the failure is just what
    `is_accepted` accepts. `fingerprint` stands for the code of this package and the folders that
    the project is imported from.
    """

    remembered: Remembered
    available: Availability
    engines: Engines
    fingerprint: str
    is_accepted: Callable[[Result], bool]
    steps_at_once: int = 1

    @property
    def lanes(self) -> Mapping[Needs, int]:
        return {ANYWHERE: self.steps_at_once}

    @property
    def limits(self) -> Limits:
        return self.available.dispatcher.limits

    @property
    def paths(self) -> List[str]:
        return self.available.dispatcher.paths

    @property
    def spent(self) -> Dict[str, float]:
        return self.available.dispatcher.spent

    @property
    def elsewhere(self) -> Mapping[str, str]:
        return {}

    def absent(self, device: str) -> Optional[str]:
        return devices.absent(device)

    def needs(self, names: Names) -> Needs:
        return ANYWHERE

    def activities(self) -> List[Activity]:
        return list(self.available.dispatcher.activities.values())

    def installed(self) -> Dict[str, Versions]:
        return self.available.installed()

    def notes(self) -> List[str]:
        return []

    def close(self) -> None:
        self.available.dispatcher.pool.close()

    def prepare(self, recipes: Sequence[Recipe]) -> PreparedModel:
        return self._prepare(recipes, asked(recipes))

    def _prepare(self, recipes: Sequence[Recipe], cases: Sequence[Case]) -> PreparedModel:
        is_news = self._is_news(Stage.REFERENCE, recipes)

        def prepare() -> PreparedModel:
            step = PrepareStep(self.remembered, self.available, recipes[0], self.fingerprint)
            return step.prepare(cases, is_news)

        return self._undamaged(prepare)

    def see(self, recipes: Sequence[Recipe], model: PreparedModel) -> Optional[Sight]:
        step = SeeStep(self.remembered, self.available, _of_the_reference(recipes[0]), model)
        mend = partial(self._mend_model, recipes, model)
        return self._undamaged(lambda: step.see(asked(recipes)), mend)

    def agree(
        self, eager: Eager, recipes: Sequence[Recipe], model: PreparedModel
    ) -> Dict[Case, StepAnswer]:
        if eager == recipes[0].architecture.reference:
            recipe, concerned = _of_the_reference(recipes[0]), recipes
        else:
            concerned = [each for each in recipes if each.eager == eager]
            recipe = concerned[0]
        is_news = self._is_news(Stage.REFERENCE, concerned)
        step = AgreeStep(self.remembered, self.available, recipe, model)
        mend = partial(self._mend_model, recipes, model)
        return self._undamaged(lambda: step.agree(asked(concerned), is_news), mend)

    def export(self, recipes: Sequence[Recipe], model: PreparedModel) -> Exports:
        exporters = {each.cell.format: each.exporter for each in recipes}
        is_news = self._is_news(Stage.EXPORT, recipes)
        step = ExportStep(self.remembered, self.available, recipes[0], model)
        mend = partial(self._mend_model, recipes, model)
        return self._undamaged(lambda: step.export(list(exporters.values()), is_news), mend)

    def infer(
        self, recipe: Recipe, captured: Sequence[Recipe], model: PreparedModel, exports: Exports
    ) -> StepAnswer:
        """If the file was damaged on disk, it is exported again first."""
        is_news = self._is_news(Stage.COMPARE, [recipe])

        def run() -> StepAnswer:
            exported = exports[recipe.cell.format]
            if not exported.passed:
                return exported
            step = InferStep(self.remembered, self.available, self.engines, recipe, model)
            return step.infer(exported, is_news)

        def mend_file() -> None:
            store, key = self.remembered.store, exports[recipe.cell.format].key
            if store.get(ExportStep.kind, key) is None:
                store.remove(ExportStep.kind, key)
                exports.update(self.export(captured, model))

        mend_model = partial(self._mend_model, captured, model)
        forget_program = partial(self.engines.programs.forget, recipe.runtime)
        return self._undamaged(run, mend_model, mend_file, forget_program)

    def build_ahead(self, runtime: Runtime, device: str) -> None:
        """Build a program where the default environment suffices. What is wrong is said by the
        cells that ask for it."""
        if runtime.environment == DEFAULT and not devices.absent(device):
            programs = self.engines.programs
            if not programs.is_stored(runtime) and not self.available.runtime_problem(
                runtime, device
            ):
                programs.provide(runtime)

    def _is_news(self, stage: Stage, recipes: Sequence[Recipe]) -> IsNews:
        """Make the function that says whether a failure (of the named format, if any) is news to
        one of the cells."""

        def is_news(answer: Answer, format: str) -> bool:
            concerned = [each for each in recipes if format in ("", each.cell.format)]
            return not all(
                self.is_accepted(conclusions.ended(each, answer, stage)) for each in concerned
            )

        return is_news

    def _mend_model(self, recipes: Sequence[Recipe], model: PreparedModel) -> None:
        """Make again what the store has lost of the weights and answers of a model in use."""
        again = self._prepare(recipes, list(model.cases))
        if again.identity != model.identity:  # what was made from the model is not of this one
            raise self._broken(f"the weights of {recipes[0].architecture.name} were damaged")
        model.cases = again.cases

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
        return CacheError(f"cache folder {self.remembered.store.root}", problem, remedy=REMEDY)


def local_executor(
    store: Store,
    available: Availability,
    fingerprint: str,
    is_accepted: Callable[[Result], bool],
    steps_at_once: int = 1,
) -> LocalExecutor:
    """The executor that keeps its answers in `store` and gives work to the workers of
    `available`."""
    remembered = Remembered(store, available.state)
    engines = Engines(Programs(remembered, available))
    return LocalExecutor(remembered, available, engines, fingerprint, is_accepted, steps_at_once)


def _of_the_reference(recipe: Recipe) -> Recipe:
    """The recipe, starting from the eager model that gives the reference."""
    return replace(recipe, eager=recipe.architecture.reference, renames="")
