"""The third job behind a cell: its file on a runtime, compared with the eager answers."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pytest_export_matrix.execution.extras import Search, search, with_own_code
from pytest_export_matrix.execution.retry import (
    Answer,
    Doubted,
    lasting,
    passed,
    twice,
    worth_another,
)
from pytest_export_matrix.execution.steps.build_program import Programs
from pytest_export_matrix.execution.steps.step import TASKS, Prepared, Work
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.dispatcher import Crew
from pytest_export_matrix.machine import devices
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.vocabulary.cells import DEVICES, Cell
from pytest_export_matrix.vocabulary.entries import Runtime


class Inferences(Work):
    """Answers the job `infer`. Used by several threads and several processes at once."""

    def __init__(self, store: Store, crew: Crew) -> None:
        super().__init__(store, crew)
        self._programs = Programs(store, crew)
        #: What each file was found to need, by file and runtime.
        self._searches: Dict[Tuple[str, str], Search] = {}

    def infer(
        self,
        recipe: Recipe,
        prepared: Prepared,
        exported: Answer,
        structure: Optional[Dict[str, Any]],
        doubted: Doubted,
    ) -> Optional[Answer]:
        """How the file of `exported` does in the runtime; None where it is not whole any more."""
        cell, runtime, cases = recipe.cell, recipe.runtime, recipe.cases
        described, problem = self._crew.described(runtime.environment)
        if problem:
            return problem
        references = [self.reference_key(prepared, cell.device, case) for case in cases]
        sha256 = exported["artifact"]["sha256"]
        program = self._programs.identity(runtime)
        other = self._other_device(recipe)
        engine = [asdict(runtime), described, program, other]
        key = digest([exported["key"], sha256, engine, references])
        stored = self.stored("result", key)
        if stored and not worth_another(stored, doubted):
            return stored
        problem = self._crew.runtime_problem(runtime, cell.device)
        if problem:
            return problem
        if not self.stored_artifact(exported["key"], verify=True):
            return None
        request = {
            "task": f"{TASKS}.infer:run",
            "session": runtime.session,
            "file": str(Path(exported["folder"]) / exported["file"]),
            "convention": runtime.convention or exported["convention"],
            "exported_outputs": structure,
            "cases": [prepared.cases[case]["folder"] for case in cases],
            "outputs": asdict(recipe.outputs),
            "device": cell.device,
            "other_device": other and other[0],
            "own_code": recipe.architecture.build.partition(":")[0],
        }
        versions: Dict[str, str] = {}
        if runtime.program:
            built = self._programs.provide(runtime)
            if not passed(built):
                return built
            request["program"], versions = built["folder"], built["versions"]
        answer = stored or self._infer_with_extras(runtime, cell, request, exported["key"])
        if worth_another(answer, doubted):
            again = self._infer_with_extras(runtime, cell, request, exported["key"])
            answer = twice(answer, again)
        answer["program"] = versions
        if lasting(answer):
            self._store.put("result", key, answer)
        return answer

    def _other_device(self, recipe: Recipe) -> Optional[List[str]]:
        """The device that the file was not exported on, and what it is, if it is to be loaded there
        as well."""
        if not recipe.exporter.portable:
            return None
        device = next(name for name in DEVICES if name != recipe.cell.device)
        if devices.absent(device) or self._crew.runtime_problem(recipe.runtime, device):
            return None
        return [device, devices.described(device)]

    def forget(self, exported: Answer) -> None:
        """Have the file of `exported` made again when it is next asked for."""
        if not self.stored_artifact(exported["key"], verify=True):
            self._store.remove("artifact", exported["key"])

    def _infer_with_extras(
        self, runtime: Runtime, cell: Cell, request: Dict[str, Any], artifact: str
    ) -> Answer:
        """The runtime is tried alone first. Where it cannot load or run the file so, the extras
        that it declares are tried: "extras" names the fewest that got it as far as all of them.

        What a file needs to be loaded is found out once; each cell then runs with that alone.
        """

        def attempt(extras: Sequence[str], own_code: bool = False) -> Answer:
            whole = {**request, "with_own_code": own_code}
            return self._crew.infer(runtime, cell.id, whole, extras)

        key = (artifact, runtime.name)
        if key in self._searches:
            found = replace(self._searches[key], answer=attempt(self._searches[key].extras))
        else:
            found = search(self._crew.installed_extras(runtime), attempt)
            if not runtime.program:
                found = with_own_code(found, request["own_code"], attempt)
            if found.settled:
                self._searches[key] = found
        return found.whole()
