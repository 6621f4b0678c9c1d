"""The step `infer`: a cell's file in its runtime, compared with the eager answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Dict, List, Optional, Sequence, Tuple

from pytest_export_matrix.execution.answers import StepAnswer, Uses, merged
from pytest_export_matrix.execution.engine_folder import engine_folder
from pytest_export_matrix.execution.engine_run import EngineRun
from pytest_export_matrix.execution.extras import Search, search, with_own_code
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.retry import IsNews
from pytest_export_matrix.execution.steps.build_program import Programs
from pytest_export_matrix.execution.steps.step import Asked, ModelStep, PreparedModel, reference_key
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.machine import devices
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.vocabulary.cells import DEVICES, Cell


@dataclass
class Engines:
    """What the cells of a run share: the programs of runtimes, and by (file, runtime) the extras
    that a file was found to need."""

    programs: Programs
    searches: Dict[Tuple[str, str], Search] = field(default_factory=dict)


class InferStep(ModelStep[Cell]):
    """Run the file of `recipe`; its cell is the only part."""

    kind = "result"

    def __init__(
        self,
        remembered: Remembered,
        available: Availability,
        engines: Engines,
        recipe: Recipe,
        prepared: PreparedModel,
    ) -> None:
        super().__init__(remembered, available, recipe, prepared)
        self._engines = engines

    def infer(self, exported: StepAnswer, is_news: IsNews) -> StepAnswer:
        """Run the file of `exported`. Returns how it ended. Raises Damaged where the file is
        damaged, or the eager answers are."""
        cell, runtime = self._recipe.cell, self._recipe.runtime
        needed = [*runtime.modules, *runtime.extras]
        described, problem = self._available.environment_key(runtime.environment, needed)
        if problem:
            return problem
        assert exported.artifact is not None
        self._exported, self._other_device = exported, self._device_beside()
        references = [
            reference_key(self._prepared, cell.device, case) for case in self._recipe.cases
        ]
        program = self._engines.programs.identity(runtime)
        other = self._other_device or None
        engine = [asdict(runtime), described, program, other]
        self._key = digest([exported.key, exported.artifact.sha256, engine, references])
        return self.answers([cell], is_news)[cell]

    def lock_key(self) -> str:
        return self._key

    def key(self, part: Cell) -> str:
        return self._key

    def reads(self) -> List[str]:
        answers = self._prepared.folders(self._recipe.cases, weights=False)
        return list(filter(None, [self._exported.folder, self._program.folder, *answers]))

    def _device_beside(self) -> List[str]:
        """The other device and its description, where the file is to be loaded there as well;
        else empty."""
        if not self._recipe.exporter.portable:
            return []
        device = next(name for name in DEVICES if name != self._recipe.cell.device)
        if devices.absent(device) or self._available.runtime_problem(self._recipe.runtime, device):
            return []
        return [device, devices.described(device)]

    def ask(self, parts: Sequence[Cell]) -> Asked[Cell]:
        (cell,) = parts
        runtime = self._recipe.runtime
        problem = self._available.runtime_problem(runtime, cell.device)
        if problem:
            yield cell, problem, None
            return
        program = StepAnswer()
        if runtime.program:
            program = self._engines.programs.provide(runtime)
            if not program.passed:
                yield cell, program, None
                return
        self._program = program
        self.store.check(self.reads())
        recipe, prepared, exported = self._recipe, self._prepared, self._exported
        answered = [prepared.cases[case] for case in recipe.cases]
        try:
            with engine_folder(exported, answered, program.folder) as folder:
                run = EngineRun(self._available, recipe, prepared, exported, folder)
                run.other_device = self._other_device[0] if self._other_device else ""
                answer = self._with_extras(run)
        except Exception:
            self.store.check(self.reads())  # that is then the cause
            raise
        answer.versions = program.versions
        yield cell, answer, None

    def _with_extras(self, run: EngineRun) -> StepAnswer:
        """Try the runtime alone first. If it cannot load or run the file, try the extras that it
        declares, and the libraries that define the classes of the model's arguments and answers.
        `extras` of the answer names the fewest that got as far as all of them.

        This search is done once for each file; further cells run with what it found.
        """
        runtime = self._recipe.runtime
        searches, key = self._engines.searches, (self._exported.key, runtime.name)
        known: Optional[Search] = searches.get(key)
        uses: Uses = known.answer.uses if known else {}

        def attempt(extras: Sequence[str], own_code: bool = False) -> StepAnswer:
            """An answer that used what all attempts used: they are why this one was made."""
            nonlocal uses
            answer = run.attempt(extras, own_code)
            if not answer.passed:
                self.store.check(self.reads())
            uses = answer.uses = merged(uses, answer.uses)
            return answer

        if known:
            return replace(known, answer=attempt(known.extras)).whole()
        candidates = self._available.installed_extras(runtime)
        if not runtime.program and self._exported.written:
            candidates = list(dict.fromkeys([*self._exported.written.modules, *candidates]))
        found = search(candidates, attempt)
        if not runtime.program:
            found = with_own_code(found, run.own_code, attempt)
        found.answer.uses = uses
        if found.settled:
            searches[key] = found
        return found.whole()
