"""What the jobs behind a cell have in common: the store, the crew, tasks of several parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple

from pytest_export_matrix.execution.retry import Answer, passed, unchanged
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.dispatcher import Crew
from pytest_export_matrix.machine import devices
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.vocabulary.entries import DEFAULT, Eager
from pytest_export_matrix.vocabulary.outcomes import Outcome
from pytest_export_matrix.worker import protocol

TASKS = "pytest_export_matrix.worker.tasks"


@dataclass
class Prepared:
    """What `prepare` came to: who the model is, its answers by case, or the problem with it."""

    identity: str = ""
    weights: str = ""
    cases: Dict[Case, Answer] = field(default_factory=dict)
    seconds: Dict[str, float] = field(default_factory=dict)
    problem: Optional[Answer] = None
    #: Whether other eager models, prepared or of other environments, answer as this one, by case.
    agreements: Dict[Eager, Dict[Case, Answer]] = field(default_factory=dict)


class Work:
    """Used by several threads and several processes at once."""

    def __init__(self, store: Store, crew: Crew) -> None:
        self._store, self._crew = store, crew

    def reference_key(self, prepared: Prepared, device: str, case: Case) -> str:
        return digest([prepared.identity, device, devices.described(device), asdict(case)])

    def parts(
        self,
        request: Dict[str, Any],
        parts: Mapping[str, Dict[str, Any]],
        label: str,
        environment: str = DEFAULT,
    ) -> Tuple[Answer, Dict[str, Answer]]:
        """Carry out a task of several parts: the answer of the task, and that of each part.

        Where a part ends the worker (or exceeds a limit), that is its own answer, and the parts
        after it are tried again in a new task. What fails before any part is the answer of all.
        """
        pending, answers = dict(parts), {}
        whole: Answer = {"outcome": Outcome.PASSED.value}
        while pending:
            whole = self._crew.export(
                label, {**request, "parts": list(pending.values())}, environment
            )
            for name in list(pending):
                answer = protocol.read_json(pending[name]["out"], protocol.ANSWER)
                if answer:
                    answers[name] = {**answer, "log": whole.get("log", "")}
                    del pending[name]
            if passed(whole):
                break
            if whole.get("note") not in pending:
                answers.update(dict.fromkeys(pending, whole))
                break
            answers[whole["note"]] = whole
            del pending[whole["note"]]
        if not all(map(passed, [whole, *answers.values()])):
            self._store.check_space()
        return whole, answers

    def stored(self, kind: str, key: str, verify: bool = True) -> Optional[Answer]:
        answer = self._store.get(kind, key, verify)
        if answer is None or not self._crew.would_be_the_same(answer):
            return None
        if not unchanged(answer.get("dependencies", {})):
            return None
        return {**answer, "cached": True}

    def stored_artifact(self, key: str, verify: bool = False) -> Optional[Answer]:
        """The answer of an export that the store holds, and where its file is."""
        answer = self.stored("artifact", key, verify)
        if not answer:
            return None
        files = self._store.files("artifact", key)
        if passed(answer):
            sha256 = files[answer["file"]][1] if len(files) == 1 else digest(files)
            answer["artifact"] = {
                "sha256": sha256,
                "bytes": sum(size for size, _ in files.values()),
            }
        return {**answer, "key": key, "folder": str(self._store.folder("artifact", key))}

    def request(self, task: str, recipe: Recipe) -> Dict[str, Any]:
        described = describe(recipe)
        return {
            "task": task,
            "architecture": described,
            "outputs": described["outputs"],
            "device": recipe.cell.device,
        }


def describe(recipe: Recipe) -> Dict[str, Any]:
    """The architecture as a worker gets it."""
    architecture = recipe.architecture
    return {
        "build": architecture.build,
        "keywords": dict(architecture.keywords),
        "inputs": architecture.inputs,
        "layouts": list(architecture.layouts),
        "outputs": asdict(recipe.outputs),
    }


def from_eager(recipe: Recipe) -> Dict[str, Any]:
    """What a worker has to know of the eager model that it rebuilds."""
    return {"renames": recipe.renames, "changes": recipe.eager.changes}
