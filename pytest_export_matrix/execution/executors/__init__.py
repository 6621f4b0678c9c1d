"""Where the steps of a run are carried out. One file or folder each, and what a run asks of all."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Protocol, Sequence, Tuple

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.scheduler import Needs
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.workers.dispatcher import Activity
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import Eager, Runtime
from pytest_export_matrix.vocabulary.outcomes import Sight

#: The answer about each format of a capture.
Exports = Dict[str, StepAnswer]
#: What a step is about, by name: a device, an environment, a method, a runtime.
Names = Tuple[str, ...]


class Executor(Protocol):
    """Carries out the steps of a run. Used by several threads at once.

    `recipes` are those that a step is done for: all of a model, or all of a capture. Their gate
    says whether a failure is news and has to be tried twice.
    """

    @property
    def lanes(self) -> Mapping[Needs, int]:
        """How many steps it has room for, by what they need."""

    @property
    def limits(self) -> Limits:
        """What a task is allowed."""

    @property
    def paths(self) -> List[str]:
        """The folders that the project is imported from."""

    @property
    def spent(self) -> Mapping[str, float]:
        """Seconds that tasks took, by stage."""

    @property
    def elsewhere(self) -> Mapping[str, str]:
        """Packages that are not here and that steps may have used, with their versions."""

    def absent(self, device: str) -> Optional[str]:
        """Why no place has `device`; None where one may have it."""

    def needs(self, names: Names) -> Needs:
        """What a step about these needs."""

    def prepare(self, recipes: Sequence[Recipe]) -> PreparedModel:
        """The model of `recipes` with all the answers that they need."""

    def see(self, recipes: Sequence[Recipe], model: PreparedModel) -> Optional[Sight]:
        """What the inputs of all `recipes` see together."""

    def agree(
        self, eager: Eager, recipes: Sequence[Recipe], model: PreparedModel
    ) -> Dict[Case, StepAnswer]:
        """How `eager` agrees with the reference, which is asked in another process if it is that
        itself."""

    def export(self, recipes: Sequence[Recipe], model: PreparedModel) -> Exports:
        """Export the format of the capture that `recipes` share."""

    def infer(
        self, recipe: Recipe, captured: Sequence[Recipe], model: PreparedModel, exports: Exports
    ) -> StepAnswer:
        """Run the file of `recipe`, which is that of all `captured`."""

    def build_ahead(self, runtime: Runtime, device: str) -> None:
        """Build the program that cells are going to ask for, where that can be done ahead."""

    def activities(self) -> List[Activity]:
        """What is under way now."""

    def installed(self) -> Dict[str, Versions]:
        """The packages of each environment that was built, without the default one."""

    def notes(self) -> List[str]:
        """What is to be said of the whole run at its end."""

    def close(self) -> None:
        """End all work; what is under way is not remembered."""


def of_the_model(recipe: Recipe) -> Names:
    """What the steps that ask the reference are about."""
    return recipe.cell.device, recipe.architecture.environment


def of_the_eager_model(recipe: Recipe, eager: Eager) -> Names:
    """What asking another eager model is about."""
    return recipe.cell.device, eager.environment


def of_the_export(recipe: Recipe) -> Names:
    return recipe.cell.device, recipe.eager.environment, recipe.cell.method


def of_the_engine(recipe: Recipe) -> Names:
    """What running a file is about."""
    return recipe.cell.device, recipe.runtime.environment, recipe.cell.runtime


def asked(recipes: Sequence[Recipe]) -> List[Case]:
    """What the eager model has to answer for `recipes`, each case once."""
    return list(dict.fromkeys(case for each in recipes for case in each.asked))
