"""Whether another eager model answers as the one that all answers are compared with: that of
another environment, or one that was prepared for an export method.

Only then may a file that was exported from it be compared with the answers of the first one: what
differs is then the export's doing, not that of another version of PyTorch or of the preparation.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence

from pytest_export_matrix.execution.retry import (
    Answer,
    Doubted,
    lasting,
    passed,
    twice,
    worth_another,
)
from pytest_export_matrix.execution.steps.step import TASKS, Prepared, Work, from_eager
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.vocabulary.entries import BUILD_MODULES, DEFAULT, Eager


class Agreements(Work):
    """Answers whether eager agrees, case by case, from the store or by a worker."""

    def agree(
        self,
        recipe: Recipe,
        prepared: Prepared,
        cases: Sequence[Case],
        doubted: Doubted,
    ) -> Dict[Case, Answer]:
        """For each case that the default environment has answered: passed, or how it deviates.

        One case that fails is tried once more: where it fails again, the others count as tried.
        """
        device, eager = recipe.cell.device, recipe.eager
        answered = [case for case in cases if case in prepared.cases]
        answered = [case for case in answered if passed(prepared.cases[case])]
        described, problem = self._crew.described(eager.environment)
        if problem or not answered:
            return dict.fromkeys(answered, problem or {})
        references = {case: self.reference_key(prepared, device, case) for case in answered}
        there = [described, eager.changes]
        keys = {case: digest([reference, *there]) for case, reference in references.items()}
        lock = digest([prepared.identity, device, *there])
        with self._store.lock("agreement", lock, self._crew.stopped):
            stored = {case: self.stored("agreement", key) for case, key in keys.items()}
            found = {case: answer for case, answer in stored.items() if answer}

            def make(wanted: Sequence[Case]) -> None:
                asked = self._ask(recipe, prepared, wanted)
                for case, answer in asked.items():
                    found[case] = self._keep(keys[case], twice(found.get(case), answer))

            missing = [case for case in answered if case not in found]
            if missing:
                make(missing)
            failing = [case for case in answered if worth_another(found[case], doubted)]
            for index, case in enumerate(failing):
                make([case])
                if not passed(found[case]):
                    for tried in failing[index:]:
                        found[tried] = self._keep(keys[tried], {**found[tried], "tried": True})
                    break
        return found

    def _ask(
        self,
        recipe: Recipe,
        prepared: Prepared,
        cases: Sequence[Case],
    ) -> Dict[Case, Answer]:
        eager, device = recipe.eager, recipe.cell.device
        problem = self._crew.exporter_problem(BUILD_MODULES, device, eager.environment)
        if problem:
            return dict.fromkeys(cases, problem)
        with self._store.scratch() as out:
            parts = {
                str(i): {
                    "name": str(i),
                    "out": str(out / str(i)),
                    "case": prepared.cases[case]["folder"],
                }
                for i, case in enumerate(cases)
            }
            request = {
                **self.request(f"{TASKS}.agree:run", recipe),
                **from_eager(recipe),
                "weights": prepared.weights,
            }
            label = f"{recipe.architecture.name} eager, {_words(eager)}"
            _, answers = self.parts(request, parts, label, eager.environment)
            return {case: _named(answers[name], eager) for name, case in zip(parts, cases)}

    def _keep(self, key: str, answer: Answer) -> Answer:
        if lasting(answer):
            self._store.put("agreement", key, answer)
        return answer


def _named(answer: Answer, eager: Eager) -> Answer:
    """The answer, saying in the reason of a failure which model it is that failed."""
    reason: Optional[Any] = answer.get("reason")
    return {**answer, "reason": f"{_words(eager)}: {reason}"} if reason else answer


def _words(eager: Eager) -> str:
    prepared = f"prepared by {eager.preparation}" if eager.preparation else ""
    elsewhere = f"in environment {eager.environment}" if eager.environment != DEFAULT else ""
    return ", ".join(filter(None, (elsewhere, prepared)))
