"""The step `prepare`: the weights of a model, and what it answers to each case."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, Optional, Sequence

from pytest_export_matrix.execution.answers import StepAnswer, dependencies, merged, read_stored
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.retry import IsNews
from pytest_export_matrix.execution.steps.step import (
    Asked,
    ModelStep,
    PreparedModel,
    model_of,
    reference_key,
    unchanged,
)
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.vocabulary.entries import BUILD_MODULES
from pytest_export_matrix.vocabulary.outcomes import Stage
from pytest_export_matrix.worker.messages import CasePart, Prepare

MODEL = "model"


@dataclass
class ModelEntry:
    """What the store keeps beside the weights of a model: {file: sha256} of the files that it was
    made from, and the seconds that its build took."""

    dependencies: Dict[str, str]
    seconds: Dict[str, float]


class PrepareStep(ModelStep[Case]):
    """The model of `recipe` on its device; a part is a case.

    `fingerprint` stands for the code of this package and where the project is imported from, and is
    part of every key.
    """

    kind = "reference"
    one_by_one = True

    def __init__(
        self, remembered: Remembered, available: Availability, recipe: Recipe, fingerprint: str
    ) -> None:
        prepared = PreparedModel(precisions=recipe.precisions)
        super().__init__(remembered, available, recipe, prepared)
        self._fingerprint, self._environment = fingerprint, recipe.architecture.environment
        self._model_key = ""

    def prepare(self, cases: Sequence[Case], is_news: IsNews) -> PreparedModel:
        """The model with its answers. One task makes all that the store lacks."""
        described, absent = self._available.environment_key(self._environment, BUILD_MODULES)
        if absent:
            return PreparedModel(cases=dict.fromkeys(cases, absent))
        model = asdict(model_of(self._recipe))
        self._model_key = digest([self._fingerprint, model, described])
        self._prepared.cases = self.answers(cases, is_news)
        return self._prepared

    def lock_key(self) -> str:
        return self._model_key

    def key(self, part: Case) -> str:
        return reference_key(self._prepared, self._recipe.cell.device, part)

    def stored(self, part: Case) -> Optional[StepAnswer]:
        if not self._prepared.identity:
            self._look_up_model()
        return super().stored(part) if self._prepared.identity else None

    def _look_up_model(self) -> None:
        """Take the model from the store, unless a file that it was made from has changed."""
        for key, entry, _ in self.remembered.find(MODEL, self._model_key):
            model = read_stored(entry.data, ModelEntry)
            if model and unchanged(model.dependencies):
                ((name, file),) = entry.files.items()
                self._prepared.identity = digest([key, model.dependencies, file.sha256])
                self._prepared.weights = str(self.store.folder(MODEL, key) / name)
                self._prepared.seconds = model.seconds
                return

    def ask(self, parts: Sequence[Case]) -> Asked[Case]:
        recipe, prepared, environment = self._recipe, self._prepared, self._environment
        device = recipe.cell.device
        problem = self._available.exporter_problem(BUILD_MODULES, device, environment)
        if problem:
            yield from ((part, problem, None) for part in parts)
            return
        with self.store.scratch() as out:
            named = {str(i): part for i, part in enumerate(parts)}
            folders = {name: out / name for name in named}
            asked = [
                CasePart(name, str(folders[name]), list(case.sizes), case.seed, case.label)
                for name, case in named.items()
            ]
            kept = out / MODEL
            precisions = list(recipe.precisions)
            body = Prepare(model_of(recipe), device, prepared.weights, str(kept), precisions, asked)
            label = f"{recipe.architecture.name} eager"
            whole, answers = self.ask_parts(body, folders, label, environment)
            answered = [each for each in answers.values() if each.part_seconds is not None]
            if answered and not prepared.identity:
                seconds = {"build": whole.seconds.get("build", 0.0)}
                entry = ModelEntry(dependencies(answered), seconds)
                uses = merged(*(each.uses for each in answered))
                self.remembered.keep(MODEL, self._model_key, uses, asdict(entry), kept)
                self._look_up_model()
                prepared.seconds = seconds
            for name, part in named.items():
                yield part, answers[name], folders[name]

    def keep(self, part: Case, answer: StepAnswer, files: Optional[Path] = None) -> StepAnswer:
        """Keep the answer, unless the model was not built: its sources are then not known."""
        if not self._prepared.identity or answer.stage is Stage.BUILD:
            return answer
        return super().keep(part, answer, files)
