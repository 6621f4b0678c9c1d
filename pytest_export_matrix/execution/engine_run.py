"""Run a cell's file: one worker asks the engine, another one compares what it answered.

The worker that asks has the engine and not the eager answers. The one that compares has the eager
answers and not the engine. That the first one says it is done proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional, Sequence

from pytest_export_matrix.execution.answers import StepAnswer, with_comparison, with_other_device
from pytest_export_matrix.execution.engine_folder import EngineFolder
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.machine import temporary
from pytest_export_matrix.planning import sequences
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.vocabulary.pytrees import TreeSpec
from pytest_export_matrix.worker.messages import Compare, Infer


@dataclass
class EngineRun:
    """The file of `recipe`, of which `folder` holds a copy. Where `other_device` names one, it
    is found out whether the file answers there as well."""

    available: Availability
    recipe: Recipe
    prepared: PreparedModel
    exported: StepAnswer
    folder: EngineFolder
    other_device: str = ""

    @property
    def own_code(self) -> str:
        """The module of the model."""
        return self.recipe.architecture.build.partition(":")[0]

    def attempt(self, extras: Sequence[str], own_code: bool = False) -> StepAnswer:
        """How the file does with these extra modules, and with the model's own code if asked."""
        cases, device = self.recipe.cases, self.recipe.cell.device
        written = self.exported.written
        assert written is not None
        body = Infer(
            session=self.recipe.runtime.session,
            file=self.folder.file,
            convention=self.recipe.runtime.convention or written.convention,
            cases=self.folder.cases,
            calls=sequences.calls(cases),
            answers="",
            device=device,
            own_code=self.own_code,
            program=self.folder.program,
            extras=list(extras),
            with_own_code=own_code,
        )
        here = self._answers_rightly(body)
        if not self.other_device or not here.passed:
            return here
        first = replace(body, device=self.other_device, cases=body.cases[:1], calls=[0])
        where = f"exported on {device} and loaded on {self.other_device}"
        return with_other_device(here, self._answers_rightly(first), where)

    def _answers_rightly(self, body: Infer) -> StepAnswer:
        """Have the engine asked and its answers compared."""
        body = replace(body, answers=self.folder.answers())
        dispatcher, label = self.available.dispatcher, self.recipe.cell.id
        runtime, path = self.recipe.runtime, str(self.folder.path)
        asked = self.folder.shown(dispatcher.infer(runtime, label, body, path))
        if not asked.passed:
            temporary.check_space()
            return replace(asked, compared=None)  # whatever the engine's process may have written
        environment = self.recipe.architecture.environment
        problem = self.available.environment_problem(environment)
        if problem:
            return problem
        compare = Compare(
            body.answers,
            [self.prepared.cases[case].folder for case in self.recipe.cases[: len(body.cases)]],
            body.calls,
            self.recipe.outputs,
            body.convention,
            self._exported_outputs(),
            runtime.precision,
        )
        compared = self.folder.shown(dispatcher.export(label, compare, environment))
        return with_comparison(asked, compared)

    def _exported_outputs(self) -> Optional[TreeSpec]:
        """The structure of the eager answer to the export's example."""
        example = self.recipe.example
        eager = self.prepared.cases[example].eager if example else None
        return eager.outputs if eager else None
