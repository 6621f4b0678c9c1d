"""Carrying out a selection of cells: what is stored is taken, the rest is made. No pytest here."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from pytest_export_matrix.execution.evidence import Facts, Known
from pytest_export_matrix.execution.retry import Answer, Doubted, passed
from pytest_export_matrix.execution.scheduler import Scheduler
from pytest_export_matrix.execution.steps.prepare import Jobs
from pytest_export_matrix.execution.steps.step import Prepared
from pytest_export_matrix.execution.workers.dispatcher import Activity, Crew
from pytest_export_matrix.machine import devices
from pytest_export_matrix.planning import recipes
from pytest_export_matrix.planning.recipes import CaptureKey, Case, ExportSpec
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.entries import Architecture, Eager, Exporter
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

NOTHING_FOUND: Answer = {
    "outcome": Outcome.FAILED.value,
    "reason": "the eager model finds nothing in any of the sample inputs; two empty answers prove "
    "nothing: the architecture needs other inputs or weights",
}
DAMAGED: Answer = {
    "outcome": Outcome.FAILED.value,
    "stage": Stage.LOAD.value,
    "reason": "the exported file was damaged on disk, and again when it had been made anew",
}


class Session:
    """The results of `cells`, made in the background once `start` or `result` asks for them.

    Work that fails is done once more, in a fresh worker, unless `expected` says of the result that
    it would be just what is accepted: what passes then is flaky.
    """

    def __init__(
        self,
        registry: Registry,
        cells: Sequence[Cell],
        jobs: Jobs,
        crew: Crew,
        lanes: int,
        repro: Callable[[Cell], str],
        shown: Mapping[str, str],
        expected: Callable[[Result], bool],
    ) -> None:
        self._registry, self._jobs, self._repro, self._shown = registry, jobs, repro, shown
        self._expected = expected
        self.crew = crew
        self._cells = list(cells)
        self._scheduler = Scheduler(lanes)
        self._captures: Dict[CaptureKey, List[Cell]] = {}
        for cell in self._cells:
            self._captures.setdefault(self._capture_key(cell), []).append(cell)
        self.done = 0

    def start(self) -> None:
        """Begin all cells, in order."""
        for cell in self._cells:
            self._submit(cell)

    def result(self, cell: Cell) -> "Future[Result]":
        """The future result of `cell`."""
        return self._submit(cell)

    def close(self) -> None:
        """End all work and all workers; what is under way is not remembered."""
        self.crew.pool.close()
        self._scheduler.close()

    @property
    def activities(self) -> List[Activity]:
        """What is under way now."""
        return list(self.crew.activities.values())

    @property
    def planned(self) -> int:
        return len(self._cells)

    # One unit each of the scheduler: the model, the model as it is exported, the capture, the cell.

    def _submit(self, cell: Cell) -> "Future[Result]":
        add = self._scheduler.add
        if devices.absent(cell.device):
            return add(cell, lambda: self._finish(cell))
        model = (cell.architecture, cell.device)
        key = self._capture_key(cell)
        prepared = built = add(model, lambda: self._prepare(*model))
        eager = self._registry.eager(cell)
        if eager != self._architecture(cell).reference:
            prepared = add(
                (*model, eager),
                lambda: self._agree(*model, eager, built.result()),
                after=[built],
            )
        exported = add(key, lambda: self._export(key, prepared.result()), after=[prepared])
        return add(cell, lambda: self._finish(cell, prepared, exported), after=[exported])

    def _prepare(self, name: str, device: str) -> Prepared:
        cells = [cell for cell in self._cells if (cell.architecture, cell.device) == (name, device)]
        wanted = dict.fromkeys(case for cell in cells for case in self._asked(cell))
        architecture = self._registry.architecture(name)
        doubted = self._doubted(Stage.REFERENCE, cells)
        return self._jobs.prepare(architecture, device, list(wanted), doubted)

    def _agree(self, name: str, device: str, eager: Eager, prepared: Prepared) -> Prepared:
        """`prepared`, with what another eager model answers."""
        cells = [
            cell
            for cell in self._cells
            if (cell.architecture, cell.device) == (name, device)
            and self._registry.eager(cell) == eager
        ]
        wanted = dict.fromkeys(case for cell in cells for case in self._asked(cell))
        prepared.agreements[eager] = self._jobs.agreements.agree(
            self._registry.architecture(name),
            prepared,
            device,
            eager,
            list(wanted),
            self._doubted(Stage.REFERENCE, cells),
        )
        return prepared

    def _export(self, key: CaptureKey, prepared: Prepared) -> Dict[str, Answer]:
        """The answer about each format that shares this capture; of those that some cell needs,
        which is none whose eager model gave no answer."""
        cells = [cell for cell in self._captures[key] if not self._lacking(cell, prepared)]
        if not cells:
            return {}
        exporters = {cell.format: self._exporter(cell) for cell in cells}
        architecture = self._registry.architecture(key.architecture)
        doubted = self._doubted(Stage.EXPORT, cells)
        return self._jobs.export(architecture, prepared, key, list(exporters.values()), doubted)

    def _doubted(self, stage: Stage, cells: Sequence[Cell]) -> Doubted:
        """Whether a failure (of the format named, if any) is news to one of `cells`."""

        def doubted(answer: Answer, format: str) -> bool:
            concerned = [cell for cell in cells if format in ("", cell.format)]
            return not all(self._expected(self._ended(cell, answer, stage)) for cell in concerned)

        return doubted

    def _ended(self, cell: Cell, answer: Answer, stage: Stage) -> Result:
        """The result of `cell` if it ends with `answer`."""
        runtime = self._registry.runtime(cell.runtime)
        result = Result(cell, runtime.language, runtime.environment, Outcome.UNAVAILABLE.value)
        conclude(result, answer, stage)
        return result

    def _finish(
        self,
        cell: Cell,
        prepared: Optional["Future[Prepared]"] = None,
        exported: Optional["Future[Dict[str, Answer]]"] = None,
    ) -> Result:
        try:
            runtime = self._registry.runtime(cell.runtime)
            result = Result(cell, runtime.language, runtime.environment, Outcome.UNAVAILABLE.value)
            result.repro = self._repro(cell)
            if prepared is None or exported is None:
                result.reason = devices.absent(cell.device)
            else:
                self._judge(result, prepared.result(), exported.result())
            self._strip_folders(result)
            return result
        finally:
            self.done += 1

    def _strip_folders(self, result: Result) -> None:
        """Put names in the place of this machine's folders: a reason is the same everywhere."""
        for folder, name in self._shown.items():
            result.reason = result.reason and result.reason.replace(folder, name)
            for warning in result.warnings:
                warning["message"] = warning["message"].replace(folder, name)
            result.trials = [
                {**trial, "reason": trial["reason"] and trial["reason"].replace(folder, name)}
                for trial in result.trials
            ]

    def _judge(self, result: Result, prepared: Prepared, exports: Dict[str, Answer]) -> None:
        """Fill `result` with what the stages came to; the first that did not pass decides."""
        cell, spec, cases = result.cell, self._spec(result.cell), self._cases(result.cell)
        result.seconds = dict(prepared.seconds)
        lacking = self._lacking(cell, prepared)
        if lacking:
            conclude(result, lacking, Stage.REFERENCE)
            result.deviation = lacking.get("deviation", {})
            return
        agreed = self._agreed(cell, prepared)
        found = [*(prepared.cases[case] for case in cases), *agreed]
        result.seconds["reference"] = sum(answer["part_seconds"] for answer in found)
        exported = exports[cell.format]
        result.exported_at = [recipes.canvas(spec.sizes)] if spec.sizes else []
        result.seconds.update(exported.get("seconds", {}))
        result.warnings = [dict(warning) for warning in exported.get("warnings", [])]
        if not passed(exported):
            conclude(result, exported, Stage.EXPORT)
            return
        example = recipes.example(spec, self._architecture(cell))
        structure = prepared.cases[example]["outputs"] if example else None
        answer = self._infer(cell, prepared, exports, cases, structure)
        result.artifact = exported["artifact"]
        result.ran_at = [case.canvas for case in cases[: answer.get("ran", 0)]]
        result.deviation = answer.get("deviation", {})
        result.extra_dependencies = answer.get("extras", [])
        result.trials = answer.get("trials", [])
        result.latency = answer.get("latency", {})
        result.program = answer.get("program", {})
        result.seconds.update(answer.get("seconds", {}))
        result.warnings = result.warnings + answer.get("warnings", [])
        conclude(result, answer, Stage.COMPARE)
        for tried, stage in (
            *((prepared.cases[case], Stage.REFERENCE) for case in self._asked(cell)),
            *((agreement, Stage.REFERENCE) for agreement in agreed),
            (exported, Stage.EXPORT),
            (answer, Stage.COMPARE),
        ):
            if result.passed and "flaky" in tried:
                conclude(result, {**tried["flaky"], "cached": result.cached}, stage)
                result.flaky = True
        changed = dict.fromkeys(agreement.get("changed") for agreement in agreed)
        result.reason = "\n".join(filter(None, [result.reason, *changed])) or None

    def _lacking(self, cell: Cell, prepared: Prepared) -> Optional[Answer]:
        """Why the eager model has no answers that `cell` can be compared with, if so."""
        for case in self._asked(cell):
            answer = prepared.cases.get(case) or prepared.problem
            if answer and not passed(answer):
                return answer
        if not any(prepared.cases[case]["shows"] for case in self._cases(cell)):
            return NOTHING_FOUND
        disagreeing = (answer for answer in self._agreed(cell, prepared) if not passed(answer))
        return next(disagreeing, None)

    def _agreed(self, cell: Cell, prepared: Prepared) -> List[Answer]:
        """How the eager model that is exported answers, where that is another one."""
        eager = self._registry.eager(cell)
        if eager == self._architecture(cell).reference:
            return []
        return [prepared.agreements[eager][case] for case in self._asked(cell)]

    def _infer(
        self,
        cell: Cell,
        prepared: Prepared,
        exports: Dict[str, Answer],
        cases: List[Case],
        structure: Optional[Dict[str, Any]],
    ) -> Answer:
        """Run the file of `cell`; one that was damaged on disk since it was made is made again."""
        runtime = self._registry.runtime(cell.runtime)
        for _ in range(2):
            exported = exports[cell.format]
            doubted = self._doubted(Stage.COMPARE, [cell])
            answer = self._jobs.inferences.infer(
                runtime, cell, prepared, exported, cases, structure, doubted
            )
            if answer is not None:
                return answer
            self._jobs.inferences.forget(exported)
            exports.update(self._export(self._capture_key(cell), prepared))
        return DAMAGED

    def _exporter(self, cell: Cell) -> Exporter:
        return self._registry.exporter(cell.method, cell.format)

    def _architecture(self, cell: Cell) -> Architecture:
        return self._registry.architecture(cell.architecture)

    def _spec(self, cell: Cell) -> ExportSpec:
        return recipes.export_spec(cell, self._architecture(cell), self._exporter(cell))

    def _cases(self, cell: Cell) -> List[Case]:
        return recipes.cases(cell, self._architecture(cell))

    def _asked(self, cell: Cell) -> List[Case]:
        """What the eager model has to answer for `cell`: its cases, and the export's example."""
        example = recipes.example(self._spec(cell), self._architecture(cell))
        return [*self._cases(cell), example] if example else self._cases(cell)

    def _capture_key(self, cell: Cell) -> CaptureKey:
        return recipes.capture_key(cell, self._registry)

    def facts(self, cell: Cell) -> Facts:
        """What `cell`, whose result is there, was made from, and where the files of it are."""
        prepared = self._scheduler.result((cell.architecture, cell.device), Prepared())
        exported = self._scheduler.result(self._capture_key(cell), {}).get(cell.format, {})
        architecture, spec = self._architecture(cell), self._spec(cell)
        example = recipes.example(spec, architecture)
        whole = bool(exported) and passed(exported)
        return Facts(
            architecture=architecture,
            outputs=self._registry.outputs(architecture),
            exporter=self._exporter(cell),
            runtime=self._registry.runtime(cell.runtime),
            spec=spec,
            cases=[_known(case, prepared) for case in self._cases(cell)],
            example=_known(example, prepared) if example else None,
            weights=prepared.weights,
            artifact=str(Path(exported["folder"]) / exported["file"]) if whole else "",
            convention=exported["convention"] if whole else "",
            limits=self.crew.limits,
            paths=self.crew.paths,
            shown=self._shown,
            eager=self._registry.eager(cell),
            renames=self._jobs.from_eager(self._registry.eager(cell))["renames"],
            installed=self.crew.installed(),
        )


def _known(case: Case, prepared: Prepared) -> Known:
    answer = prepared.cases.get(case)
    if not answer or not passed(answer):
        return Known(case)
    return Known(case, answer["folder"], answer)


def conclude(result: Result, answer: Answer, stage: Stage) -> None:
    """Set how `result` ended: as `answer` says, at `stage` unless it names its own."""
    result.outcome = answer["outcome"]
    result.stage = answer.get("stage") or stage.value
    result.reason = answer.get("reason") or "; ".join(answer.get("notes", [])) or None
    result.deviating = answer.get("deviating", [])
    result.failed_on = answer.get("failed_on", [])
    result.detail = "\n".join(filter(None, (answer.get("detail"), answer.get("log"))))
    result.cached = bool(answer.get("cached"))
    if result.outcome == Outcome.UNAVAILABLE.value:
        result.stage = None
