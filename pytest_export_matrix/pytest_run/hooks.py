"""The pytest hooks of a run with a matrix: plan, collect, run, report."""

from __future__ import annotations

import concurrent.futures
import os
import shlex
import sys
import time
from datetime import datetime, timezone
from typing import Any, Dict, Generator, List, Optional, Sequence

import pytest

from pytest_export_matrix.compare import OUTPUT_KINDS
from pytest_export_matrix.environments import ENVIRONMENTS, current, records
from pytest_export_matrix.execution.run import Manners, MatrixRun, Means
from pytest_export_matrix.execution.steps.build_program import Programs
from pytest_export_matrix.execution.steps.infer import Engines
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.execution.workers.pool import Pool
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.judging import gate
from pytest_export_matrix.judging.gate import Gate
from pytest_export_matrix.machine.hashing import digest, tool_digest
from pytest_export_matrix.planning import matrix, selection
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.pytest_run import options
from pytest_export_matrix.pytest_run.items import CellItem, MatrixCollector
from pytest_export_matrix.pytest_run.outputs import (
    check_documents,
    check_reports,
    refresh_documents,
    write_reports,
)
from pytest_export_matrix.pytest_run.plan import plan
from pytest_export_matrix.pytest_run.progress import Progress
from pytest_export_matrix.reporting import github, terminal
from pytest_export_matrix.reporting.reporters import REPORTERS
from pytest_export_matrix.reproduction import folders
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results, axes_of
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.cells import NODE, NODE_PREFIX, Cell
from pytest_export_matrix.vocabulary.entries import DEFAULT, Entry
from pytest_export_matrix.vocabulary.errors import CacheError, ExportMatrixError
from pytest_export_matrix.vocabulary.package import ABOVE

WAIT_SECONDS = 0.5


class MatrixPlugin:
    """Registered only where a matrix was asked for. `asked` are the ids of cells given as paths."""

    def __init__(self, config: pytest.Config, asked: Sequence[str]) -> None:
        self.config, self.asked = config, asked
        self.is_worker = options.is_xdist_worker(config)
        if self.is_worker:
            self.since: float = config.workerinput["export_matrix_since"]  # type: ignore[attr-defined]
        else:
            self.since = time.time() if config.getoption("export_matrix_no_cache") else 0.0
        self.started, self.clock = datetime.now(timezone.utc), time.monotonic()
        self.planned: List[str] = []
        self.results: Dict[str, Result] = {}
        self.session: Optional[MatrixRun] = None
        self.report_lines: List[str] = []
        self.repro_problems: List[str] = []

    def pytest_export_matrix_register(self, registry: Registry) -> None:
        """The built-in entries, through the hook that everybody uses."""
        entries: List[Entry] = [*EXPORTERS, *RUNTIMES, *ENVIRONMENTS, *OUTPUT_KINDS, *REPORTERS]
        for entry in entries:
            registry.add(entry)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Plan the matrix, so that bad input is refused before anything is collected or run."""
        with usage_errors():
            self.settings = options.read(self.config)
            self.plan = plan(self.config, self.settings, self.asked)
            self.registry = self.plan.registry
            self.gate = self._load_gate()
            self.store = Store(self.settings.cache, self.since)
            if not self.is_worker:
                check_reports(self.settings.reports)
                check_documents(self.settings.docs)
            if self.settings.repro:
                folders.check(self.settings.repro)

    def _load_gate(self) -> Gate:
        """The baseline and what is required, checked before anything is run."""
        s, path = self.settings, self.settings.baseline
        required = selection.select(self.plan.whole, s.require, "--export-matrix-require")
        baseline = gate.load(path, s.profile, s.update)
        if path and baseline and self.plan.is_whole and not s.update:
            gate.check_all_there(path, baseline, [cell.id for cell in self.plan.whole])
        ids = frozenset(cell.id for cell in required) if s.require else frozenset()
        return Gate(path, baseline, s.profile, ids, s.update, self._accept)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: List[pytest.Item]
    ) -> None:
        """Add the cells to what was collected from paths; -k, -m and --lf choose among them."""
        collector = MatrixCollector.from_parent(
            session,
            name=NODE,
            nodeid=NODE,
            cells=self.plan.cells,
            result=self._result,
            verdict=self.gate.verdict,
        )
        session.ihook.pytest_collectstart(collector=collector)
        report = session.ihook.pytest_make_collect_report(collector=collector)
        session.ihook.pytest_collectreport(report=report)
        items.extend(report.result)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item for item in session.items if isinstance(item, CellItem)]
        self.planned = [item.cell.id for item in self.items]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """What every process of pytest-xdist has to know of this one."""
        node.workerinput["export_matrix_since"] = self.since

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self.planned = [i[len(NODE_PREFIX) :] for i in ids if i.startswith(NODE_PREFIX)]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for a cell's result with progress on the terminal, then let pytest run the item."""
        if isinstance(item, CellItem):
            future = self._begin().result(item.cell)
            with Progress(self.config, self._begin()) as progress:
                while not concurrent.futures.wait([future], timeout=WAIT_SECONDS).done:
                    progress.show()
        return (yield)

    def _begin(self) -> MatrixRun:
        """The session, with all work under way; under pytest-xdist a process takes one cell at a
        time, as it is given them."""
        if self.session is None:
            s = self.settings
            limits = Limits(s.seconds, s.memory, s.threads)
            paths = [str(self.config.rootpath), *map(str, self.config.getini("pythonpath"))]
            pool = Pool(self.registry.modules, s.threads, 3 * s.lanes, s.cache / "bytecode")
            dispatcher = Dispatcher(pool, limits, paths, str(s.cache))
            environments = {each.name: each for each in self.registry.environments}
            available = Availability(dispatcher, environments)
            fingerprint = digest([current.fingerprint(), tool_digest(), paths])
            engines = Engines(Programs(self.store, available))
            means = Means(self.store, available, engines, fingerprint)
            recipes = [self.registry.recipe(item.cell) for item in self.items]
            shown = {
                str(s.cache): "<cache>",
                str(self.config.rootpath): ".",
                sys.prefix: "<python>",
                ABOVE: "<plugin>",  # where it is not installed there
            }
            manners = Manners(self._repro, shown, self.gate.expected)
            self.session = MatrixRun(recipes, means, manners, s.lanes)
            if not self.is_worker:
                self.session.start()
        return self.session

    def _result(self, cell: Cell) -> Result:
        try:
            return self._begin().result(cell).result()
        except CacheError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)

    def _accept(self, cell: Cell) -> str:
        """The command that accepts the ending of `cell`."""
        given = self.config.getoption("export_matrix_baseline")
        named = ["--export-matrix-baseline", given] if given else []
        return self._repro(cell, *named, "--export-matrix-update")

    def _repro(self, cell: Cell, *more: str) -> str:
        """The command that runs `cell` alone."""
        words = ["pytest", "--export-matrix", *more]
        if self.settings.profile != matrix.DEFAULT_PROFILE:
            words += ["--export-matrix-profile", self.settings.profile]
        for text in self.settings.models:
            words += ["--export-matrix-model", text]
        return shlex.join([*words, NODE_PREFIX + cell.id])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if isinstance(item, CellItem) and item.result and call.when == "call":
            report.export_matrix = item.result.transfer()  # type: ignore[attr-defined]
            if not item.result.cached:
                report.duration = sum(item.result.seconds.values())
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather results, also from the processes of pytest-xdist."""
        row: Any = getattr(report, "export_matrix", None)
        if row:
            self.results[row["id"]] = Result.from_row(row)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.session:
            self.session.close()
        if self.settings.shard and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK  # more shards than jobs: this one has none
        is_main = not self.is_worker and not self.config.option.collectonly
        if is_main and (self.results or self.settings.shard):
            self._write(self.collected(), session)
        if self.session:
            self._reproduce(self.session)

    def _write(self, results: Results, session: pytest.Session) -> None:
        """Write what this run may write: the reports, the baseline, the tables of documents."""
        whole = [cell.id for cell in self.plan.whole]
        is_whole = sorted(self.planned) == sorted(whole)
        self.report_lines = write_reports(results, self.registry, self.settings, is_whole)
        if self.settings.update:
            everything = whole if is_whole and results.complete else None
            self.report_lines.append(self.gate.accept(results.cells, everything))
        if self.settings.docs:
            lines, code = refresh_documents(results, self.settings, is_whole)
            self.report_lines += lines
            session.exitstatus = session.exitstatus or code

    def _failed(self) -> List[Result]:
        return [r for r in self.results.values() if not r.passed and not r.absent]

    def _reproduce(self, session: MatrixRun) -> None:
        """Write what shows the failures of the cells that this process ran."""
        if self.settings.repro:
            found = ((result, session.evidence(result.cell)) for result in self._failed())
            self.repro_problems += folders.write_all(self.settings.repro, found)
            if self.is_worker:
                self.config.workeroutput["export_matrix_repro"] = self.repro_problems  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a process of pytest-xdist could not write."""
        self.repro_problems += getattr(node, "workeroutput", {}).get("export_matrix_repro", [])

    def collected(self) -> Results:
        s = self.settings
        cells = [self.results[i] for i in self.planned if i in self.results]
        return Results(
            planned=len(self.planned),
            cells=cells,
            started=self.started.isoformat(timespec="seconds"),
            seconds=time.monotonic() - self.clock,
            environments=self._environments(self.registry.modules, cells),
            matrix=Matrix.of(self.plan.whole, s.profile),
            shard=f"{s.shard[0]}/{s.shard[1]}" if s.shard else None,
            axes=axes_of(self.plan.whole),
            changes=self.gate.changes(cells),
        )

    def _environments(self, modules: List[str], results: List[Result]) -> Dict[str, Any]:
        """The environments that `results` were made in, as far as they were ever built."""
        names = {result.environment for result in results}
        names |= {self.registry.exporter(r.cell.method, r.cell.format).environment for r in results}
        found = {DEFAULT: current.describe(modules)}
        for environment in self.registry.environments:
            record = records.known(self.settings.cache, environment)
            if record and environment.name in names:
                found[environment.name] = record.describe(modules)
        for result in results:
            if result.program:
                found[result.environment]["packages"].update(result.program)
        return found

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.results:
            spent = dict(self.session.dispatcher.spent) if self.session else {}
            results = self.collected()
            verdicts = self.gate.verdicts(results.cells)
            terminalreporter.section("export matrix")
            for colour, line in terminal.lines(results, verdicts, spent):
                terminalreporter.write_line(line, **({colour: True} if colour else {}))
            lines = list(self.report_lines)
            if self.settings.repro:
                failed = len(self._failed())
                lines += folders.report(self.settings.repro, failed, self.repro_problems)
            for line in lines:
                terminalreporter.write_line(line)
            github.report(results, verdicts, os.environ, terminalreporter.write_line)


class usage_errors:  # noqa: N801
    """Our errors as pytest's, which end the run with exit code 4 and no traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: Optional[BaseException], trace: object) -> None:
        if isinstance(error, ExportMatrixError):
            raise pytest.UsageError(str(error)) from error
