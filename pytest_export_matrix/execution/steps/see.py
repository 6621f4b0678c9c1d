"""The step `see`: which tensors of a model the sample inputs see. It judges the inputs, no cell."""

from __future__ import annotations

from typing import List, Optional, Sequence

from pytest_export_matrix.execution.steps.step import Asked, ModelStep, eager_of, reference_key
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Case
from pytest_export_matrix.vocabulary.outcomes import Sight
from pytest_export_matrix.worker.messages import See


class SeeStep(ModelStep[str]):
    """The eager model of `recipe`, which is that of the reference; the part is its name."""

    kind = "sight"

    def see(self, cases: Sequence[Case]) -> Optional[Sight]:
        """What `cases` see, as far as the model answered them; None where it answered none."""
        self._cases: List[Case] = [case for case in cases if self._prepared.cases[case].passed]
        if not self._cases:
            return None
        (answer,) = self.answers([self._recipe.architecture.name], lambda *_: True).values()
        return answer.sight or Sight(problem=answer.reason)

    def reads(self) -> List[str]:
        return self._prepared.folders(self._cases)

    def lock_key(self) -> str:
        device = self._recipe.cell.device
        return digest([reference_key(self._prepared, device, case) for case in self._cases])

    def key(self, part: str) -> str:
        return self.lock_key()

    def ask(self, parts: Sequence[str]) -> Asked[str]:
        folders = self._prepared.folders(self._cases, weights=False)
        body = See(eager_of(self._recipe, self._prepared), folders)
        for part in parts:
            label = f"{part} eager, what the inputs see"
            yield part, self.asked(label, body, self._recipe.eager.environment), None
