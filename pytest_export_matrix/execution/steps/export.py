"""The step `export`: the file of one capture."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from pytest_export_matrix.execution.answers import StepAnswer, Uses, with_capture
from pytest_export_matrix.execution.retry import IsNews
from pytest_export_matrix.execution.steps.step import Asked, ModelStep, eager_of
from pytest_export_matrix.execution.store import Entry
from pytest_export_matrix.machine import devices
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.results.result import Artifact
from pytest_export_matrix.vocabulary.entries import DEFAULT, Exporter
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.messages import Export, FormatPart


class ExportStep(ModelStep[str]):
    """The file of the capture that `recipe` needs. A part is a format; a run asks for one each."""

    kind = "artifact"
    reads_files = False  # the file is fetched and checked before it runs

    def export(self, exporters: Sequence[Exporter], is_news: IsNews) -> Dict[str, StepAnswer]:
        """The answer about each format of `exporters`: a file, or why there is none."""
        self._exporters: Dict[str, Exporter] = {each.format: each for each in exporters}
        modules = sorted({name for each in exporters for name in each.modules})
        environment = self._recipe.eager.environment
        self._described, absent = self._available.environment_key(environment, modules)
        if absent:
            return dict.fromkeys(self._exporters, absent)
        return self.answers(list(self._exporters), is_news)

    @property
    def _capture(self) -> List[object]:
        """What every key of this capture contains."""
        recipe, device = self._recipe, self._recipe.cell.device
        sizes, dynamic = list(recipe.spec.sizes), sorted(recipe.spec.dynamic)
        # What one processor exports, another one does, unless it is machine code: see `key`.
        described = "" if device == "cpu" else devices.described(device)
        return [self._prepared.identity, device, described, sizes, dynamic, recipe.eager]

    def lock_key(self) -> str:
        return digest([self._capture, self._recipe.cell.method, self._recipe.cell.format])

    def key(self, part: str) -> str:
        exporter = self._exporters[part]
        compiled = [] if exporter.portable else [devices.instructions()]
        return digest([self._capture, asdict(exporter), self._described, *compiled])

    def format(self, part: str) -> str:
        return part

    def reads(self) -> List[str]:
        return self._prepared.folders([self._recipe.example] if self._recipe.example else [])

    def read(self, entry: Entry, key: str, uses: Uses) -> Optional[StepAnswer]:
        """The answer with its artifact."""
        answer, files = super().read(entry, key, uses), entry.files
        if answer and answer.written:
            if list(files) == [answer.written.file]:
                sha256 = files[answer.written.file].sha256
            else:
                sha256 = digest({name: asdict(file) for name, file in files.items()})
            answer.artifact = Artifact(sha256, sum(file.bytes for file in files.values()))
        return answer

    def ask(self, parts: Sequence[str]) -> Asked[str]:
        recipe, eager = self._recipe, self._recipe.eager
        with self.store.scratch() as out:
            folders: Dict[str, Path] = {}
            for name in parts:
                exporter = self._exporters[name]
                problem = self._available.exporter_problem(
                    exporter.modules, recipe.cell.device, eager.environment, exporter.commands
                )
                if problem:
                    yield name, problem, None
                else:
                    folders[name] = out / name
            if not folders:
                return
            how = recipe.cell.method + (", prepared" if eager.preparation else "")
            label = f"{recipe.architecture.name} {how}"
            body = self._request(folders)
            whole, made = self.ask_parts(body, folders, label, eager.environment)
            for name, answer in made.items():
                yield name, with_capture(answer, whole, list(made.values())), folders[name]

    def _request(self, folders: Dict[str, Path]) -> Export:
        recipe, example, takes_tensors = self._recipe, "", False
        if recipe.example:
            answer = self._prepared.cases[recipe.example]
            takes_tensors = bool(answer.eager and answer.eager.takes_tensors)
            if recipe.eager.environment != DEFAULT:
                # The same inputs that the eager models of both environments were compared on.
                example = answer.folder
        parts = []
        for name, folder in folders.items():
            exporter = self._exporters[name]
            parts.append(FormatPart(name, str(folder), exporter.lower, exporter.suffix))
        return Export(
            eager_of(recipe, self._prepared),
            recipe.exporter.capture,
            list(recipe.spec.sizes),
            sorted(recipe.spec.dynamic),
            example,
            takes_tensors,
            parts,
        )

    def keep(self, part: str, answer: StepAnswer, files: Optional[Path] = None) -> StepAnswer:
        """Keep the answer. Returns it; where it passed, as the store now holds it."""
        if not answer.passed or files is None:
            return super().keep(part, answer)
        (files / protocol.ANSWER).unlink()
        kept = super().keep(part, answer, files)
        entry = self.store.said(self.kind, kept.key)
        stored = self.read(entry, kept.key, kept.uses) if entry else None
        return replace(stored, cached=False) if stored else kept
