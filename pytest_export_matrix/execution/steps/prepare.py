"""The jobs behind a cell, each answered from the store or by a worker.

    prepare   weights and eager answers of one architecture on one device
    export    the files of one capture
    infer     one cell's file on one runtime, compared with the eager answers (`inferences`)

An answer is a dict as a worker gives it (see `worker.protocol`): outcome, reason, seconds, ...
Keys are made of everything that an answer depends on, so that an answer found in the store is the
one that would be given now.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Dict, Mapping, Optional, Sequence

from pytest_export_matrix.execution.retry import (
    Answer,
    Doubted,
    dependencies,
    lasting,
    passed,
    twice,
    unchanged,
    with_capture,
    worth_another,
)
from pytest_export_matrix.execution.steps.agree import Agreements
from pytest_export_matrix.execution.steps.infer import Inferences
from pytest_export_matrix.execution.steps.step import TASKS, Prepared, Work, describe, from_eager
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.dispatcher import Crew
from pytest_export_matrix.machine import devices
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.vocabulary.entries import BUILD_MODULES, DEFAULT, Exporter
from pytest_export_matrix.worker import protocol

WEIGHTS = "weights.safetensors"


class Jobs(Work):
    """Answers the three jobs. Used by several threads and several processes at once."""

    def __init__(self, store: Store, crew: Crew, described: Mapping[str, Any]) -> None:
        super().__init__(store, crew)
        #: What every key contains: the environment's packages and this package's own code.
        self._described = digest(described)
        self.agreements = Agreements(store, crew)
        self.inferences = Inferences(store, crew)

    def prepare(
        self,
        recipe: Recipe,
        cases: Sequence[Case],
        doubted: Doubted,
    ) -> Prepared:
        """Weights and eager answers of the recipe's model on its device.

        What the store lacks is made in one task.

        One case that fails is tried once more: where it fails again, the others count as tried.
        """
        device, environment = recipe.cell.device, recipe.architecture.environment
        described, absent = self._crew.described(environment)
        if absent:
            return Prepared(problem=absent)
        key = digest([self._described, describe(recipe), described])
        with self._store.lock("model", key, self._crew.stopped):
            prepared = self._stored_model(key)
            if prepared.identity:
                self._add_references(prepared, device, cases)
            missing = [case for case in cases if case not in prepared.cases]
            if missing:
                self._make_references(prepared, key, recipe, missing)
            if prepared.problem:
                if worth_another(prepared.problem, doubted):
                    first = prepared.problem
                    self._make_references(prepared, key, recipe, missing, first)
                return prepared
            failing = [case for case in cases if worth_another(prepared.cases[case], doubted)]
            for index, case in enumerate(failing):
                first = prepared.cases[case]
                self._make_references(prepared, key, recipe, [case], first)
                prepared.problem = None  # what went wrong this time, went wrong with this case
                if not passed(prepared.cases[case]):
                    for tried in failing[index:]:
                        answer = {**prepared.cases[tried], "tried": True}
                        self._keep_reference(prepared, device, tried, answer)
                    break
            return prepared

    def _stored_model(self, key: str) -> Prepared:
        """The model that the store holds, unless a file that it was made from has changed."""
        entry = self._store.get("model", key)
        if not entry or not unchanged(entry["dependencies"]):
            return Prepared()
        sha256 = self._store.files("model", key)[WEIGHTS][1]
        identity = digest([key, entry["dependencies"], sha256])
        weights = str(self._store.folder("model", key) / WEIGHTS)
        return Prepared(identity, weights, seconds=entry["seconds"])

    def _add_references(self, prepared: Prepared, device: str, cases: Sequence[Case]) -> None:
        for case in cases:
            key = self.reference_key(prepared, device, case)
            answer = self.stored("reference", key)
            if answer:
                prepared.cases[case] = {
                    **answer,
                    "folder": str(self._store.folder("reference", key)),
                }

    def _make_references(
        self,
        prepared: Prepared,
        key: str,
        recipe: Recipe,
        cases: Sequence[Case],
        first: Optional[Answer] = None,
    ) -> None:
        """Add to `prepared` and to the store what a worker answers for `cases`; `first` is what an
        earlier try came to."""
        architecture, device = recipe.architecture, recipe.cell.device
        environment = architecture.environment
        prepared.problem = self._crew.exporter_problem(BUILD_MODULES, device, environment)
        if prepared.problem:
            return
        with self._store.scratch() as out:
            parts = {
                str(i): {"name": str(i), "out": str(out / str(i)), **asdict(case)}
                for i, case in enumerate(cases)
            }
            request = {
                **self.request(f"{TASKS}.prepare:run", recipe),
                "weights": prepared.weights or None,
                "out": str(out / "model"),
            }
            whole, answers = self.parts(request, parts, f"{architecture.name} eager", environment)
            answered = [answer for answer in answers.values() if "part_seconds" in answer]
            if not answered:
                prepared.problem = twice(first, whole)  # nobody knows what the model is made from
                return
            if not prepared.identity:
                seconds = {"build": whole.get("seconds", {}).get("build", 0.0)}
                data = {"dependencies": dependencies(answered), "seconds": seconds}
                self._store.put("model", key, data, out / "model")
                made = self._stored_model(key)
                prepared.identity, prepared.weights = made.identity, made.weights
                prepared.seconds = seconds
            for name, case in zip(parts, cases):
                answer = twice(first, answers[name])
                self._keep_reference(prepared, device, case, answer, out / name)

    def _keep_reference(
        self,
        prepared: Prepared,
        device: str,
        case: Case,
        answer: Answer,
        source: Optional[Path] = None,
    ) -> None:
        key = self.reference_key(prepared, device, case)
        prepared.cases[case] = answer
        if lasting(answer):
            if source:
                source.mkdir(exist_ok=True)
            self._store.put("reference", key, answer, source)
            answer["folder"] = str(self._store.folder("reference", key))

    def export(
        self,
        recipe: Recipe,
        prepared: Prepared,
        exporters: Sequence[Exporter],
        doubted: Doubted,
    ) -> Dict[str, Answer]:
        """The answer about each format of the recipe's capture: a file, or why there is none."""
        capture = recipe.capture_key
        device, spec = capture.device, capture.spec
        described, absent = self._crew.described(exporters[0].environment)
        problem = prepared.problem or absent
        if problem:
            return dict.fromkeys((exporter.format for exporter in exporters), problem)
        device_described = devices.described(device)
        shared = [
            prepared.identity,
            device,
            device_described,
            list(spec.sizes),
            sorted(spec.dynamic),
            capture.eager,
        ]
        keys = {e.format: digest([shared, asdict(e), described]) for e in exporters}
        lock = digest([shared, capture.method, capture.capture])
        with self._store.lock("capture", lock, self._crew.stopped):
            answers = {format: self.stored_artifact(key) for format, key in keys.items()}
            missing = [e for e in exporters if not answers[e.format]]
            if missing:
                made = self._make_artifacts(recipe, prepared, missing, keys)
                answers.update(made)
            found = {format: answer for format, answer in answers.items() if answer}
            again = [e for e in exporters if worth_another(found[e.format], doubted, e.format)]
            if again:
                found.update(self._make_artifacts(recipe, prepared, again, keys, found))
            return found

    def _make_artifacts(
        self,
        recipe: Recipe,
        prepared: Prepared,
        exporters: Sequence[Exporter],
        keys: Mapping[str, str],
        first: Mapping[str, Answer] = MappingProxyType({}),
    ) -> Dict[str, Answer]:
        answers: Dict[str, Answer] = {}
        device, spec, eager = recipe.cell.device, recipe.spec, recipe.eager
        with self._store.scratch() as out:
            parts = {}
            for e in exporters:
                problem = self._crew.exporter_problem(e.modules, device, e.environment, e.commands)
                if problem:
                    answers[e.format] = problem
                else:
                    part = {"name": e.format, "out": str(out / e.format)}
                    parts[e.format] = {**part, "lower": e.lower, "suffix": e.suffix}
            request = {
                **self.request(f"{TASKS}.export:run", recipe),
                "weights": prepared.weights,
                **from_eager(recipe),
                "capture": recipe.exporter.capture,
                "sizes": list(spec.sizes),
                "dynamic": sorted(spec.dynamic),
            }
            example = recipe.example
            if example and eager.environment != DEFAULT:
                # The very inputs that eager of both environments was compared on.
                request["example"] = prepared.cases[example]["folder"]
            how = f"{recipe.cell.method}{eager.preparation and ', prepared'}"
            label = f"{recipe.architecture.name} {how}"
            whole, made = self.parts(request, parts, label, eager.environment)
            for format, answer in made.items():
                shared = with_capture(answer, whole, list(made.values()))
                tried = twice(first.get(format), shared)
                answers[format] = self._keep_artifact(keys[format], tried, out / format)
        return answers

    def _keep_artifact(self, key: str, answer: Answer, source: Path) -> Answer:
        if not lasting(answer):
            return answer
        if passed(answer):
            (source / protocol.ANSWER).unlink()
            self._store.put("artifact", key, answer, source)
            return {**(self.stored_artifact(key) or {}), "cached": False}
        self._store.put("artifact", key, answer)
        return answer
