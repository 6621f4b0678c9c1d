"""The step `agree`: whether another eager model answers as the reference does. The other one is
built in another environment, or prepared for an export method; or it is the same model, in another
process and asked in another order, which finds out state that moves.

If it does, a file that was exported from it may be compared with the reference: the export then
causes any difference, not another version of PyTorch and not the preparation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Sequence

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.retry import IsNews
from pytest_export_matrix.execution.steps.step import (
    Asked,
    ModelStep,
    eager_of,
    reference_key,
)
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Case
from pytest_export_matrix.vocabulary.entries import BUILD_MODULES, DEFAULT, Eager
from pytest_export_matrix.worker.messages import Agree, AgreePart


class AgreeStep(ModelStep[Case]):
    """The eager model that the exporter of `recipe` starts from; a part is a case."""

    kind = "agreement"
    one_by_one = True

    def agree(self, cases: Sequence[Case], is_news: IsNews) -> Dict[Case, StepAnswer]:
        """The answer about each case that the reference answered: passed, or how it deviates."""
        answered = [case for case in cases if self._prepared.cases[case].passed]
        described, problem = self._available.environment_key(
            self._recipe.eager.environment, BUILD_MODULES
        )
        if problem:
            return dict.fromkeys(answered, problem)
        self._there, self._answered = [described, self._recipe.eager.changes], answered
        # In another order than the reference was asked: a model without state does not mind.
        return self.answers(answered[::-1], is_news) if answered else {}

    def reads(self) -> List[str]:
        return self._prepared.folders(self._answered)

    def lock_key(self) -> str:
        return digest([self._prepared.identity, self._recipe.cell.device, *self._there])

    def key(self, part: Case) -> str:
        reference = reference_key(self._prepared, self._recipe.cell.device, part)
        return digest([reference, *self._there])

    def ask(self, parts: Sequence[Case]) -> Asked[Case]:
        recipe, eager = self._recipe, self._recipe.eager
        problem = self._available.exporter_problem(
            BUILD_MODULES, recipe.cell.device, eager.environment
        )
        if problem:
            yield from ((part, problem, None) for part in parts)
            return
        with self.store.scratch() as out:
            named = {str(i): part for i, part in enumerate(parts)}
            folders = {name: out / name for name in named}
            asked = [
                AgreePart(name, str(folders[name]), self._prepared.cases[case].folder)
                for name, case in named.items()
            ]
            body = Agree(eager_of(recipe, self._prepared), asked)
            label = f"{recipe.architecture.name} eager, {_words(eager)}"
            _, answers = self.ask_parts(body, folders, label, eager.environment)
            for name, part in named.items():
                answer = answers[name]
                if answer.reason:  # a failure says which model failed
                    answer = replace(answer, reason=f"{_words(eager)}: {answer.reason}")
                yield part, answer, None


def _words(eager: Eager) -> str:
    prepared = f"prepared by {eager.preparation}" if eager.preparation else ""
    elsewhere = f"in environment {eager.environment}" if eager.environment != DEFAULT else ""
    return ", ".join(filter(None, (elsewhere, prepared))) or "in another process"
