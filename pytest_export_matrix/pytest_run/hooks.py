"""The pytest hooks of a run with a matrix: plan, collect, run, report."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Generator, Iterator, List, Optional, Sequence

import pytest

from pytest_export_matrix.execution.store import Damaged, Store
from pytest_export_matrix.judging import gate
from pytest_export_matrix.judging.gate import Gate
from pytest_export_matrix.machine import temporary
from pytest_export_matrix.pytest_run import gathering, options, xdist
from pytest_export_matrix.pytest_run.commands import Commands
from pytest_export_matrix.pytest_run.gathering import Gathered
from pytest_export_matrix.pytest_run.items import CellItem, MatrixCollector
from pytest_export_matrix.pytest_run.outputs import (
    Partial,
    check_documents,
    check_reports,
    refresh_documents,
    write_reports,
)
from pytest_export_matrix.pytest_run.plan import Plan, plan_run, select
from pytest_export_matrix.pytest_run.progress import Progress
from pytest_export_matrix.pytest_run.quiet import QuietFailures
from pytest_export_matrix.pytest_run.signals import EndLikeCtrlC
from pytest_export_matrix.reporting import github, terminal
from pytest_export_matrix.reporting.printable import printable
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import NODE, Cell
from pytest_export_matrix.vocabulary.errors import CacheError, ClusterError, ExportMatrixError

if TYPE_CHECKING:
    from pytest_export_matrix.execution.evidence import CellEvidence
    from pytest_export_matrix.execution.run import MatrixRun

WAIT_SECONDS = 0.5


class MatrixPlugin:
    """Registered only if a matrix was asked for. `asked` are the ids of cells given as paths."""

    def __init__(self, config: pytest.Config, asked: Sequence[str]) -> None:
        self.config, self.asked = config, asked
        self.exchange = xdist.Exchange(config)
        config.pluginmanager.register(self.exchange)
        if config.get_verbosity() <= 0:
            config.pluginmanager.register(QuietFailures())
        self.signals = EndLikeCtrlC()
        self.gathered = Gathered()
        self.run: Optional[MatrixRun] = None
        self.report_lines: List[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Plan the matrix, so that bad input is refused before anything is collected or run."""
        self.signals.begin()
        with usage_errors():
            s = self.settings = options.read(self.config)
            self.plan = plan_run(self.config, s, self.asked)
            named = (
                self.config.getoption(name) for name in ("export_matrix_baseline", "inifilename")
            )
            self.commands = Commands(s, *named)
            self.gate = _gate(self.plan, s, self.commands)
            self.store = Store(s.cache, self.exchange.since, s.url)
            self.partial = Partial(s)
            if not xdist.is_node(self.config):
                check_reports(s.reports)
                check_documents(s.docs)
                temporary.check_space()
            if s.repro:
                from pytest_export_matrix.reproduction import folders  # few runs need it

                folders.check(s.repro)

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
        self.cells = [item.cell for item in session.items if isinstance(item, CellItem)]
        self.gathered.planned = self.cells

    def pytest_report_collectionfinish(self, config: pytest.Config) -> List[str]:
        return self._not_planned() if config.option.collectonly else []

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self.gathered.plan(ids)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for a cell's result with progress on the terminal, then let pytest run the item."""
        if isinstance(item, CellItem):
            run = self._begin()
            future = run.result(item.cell)
            with self.progress as progress:
                while not concurrent.futures.wait([future], timeout=WAIT_SECONDS).done:
                    progress.show(run)
        return (yield)

    def _begin(self) -> MatrixRun:
        """The run. Its first use starts all work; under pytest-xdist, each cell is started only
        when pytest runs it."""
        if self.run is None:
            # Imported here, since --collect-only needs none of it.
            from pytest_export_matrix.execution.run import Manners
            from pytest_export_matrix.pytest_run import assembly

            s = self.settings
            self.progress = Progress(self.config)
            with ended_by_errors():
                self.run = assembly.assemble_run(
                    [self.plan.registry.recipe(cell) for cell in self.cells],
                    self.plan.registry,
                    s,
                    self.store,
                    assembly.import_paths(self.config),
                    Manners(
                        self.commands.run_alone,
                        assembly.shown_folders(s.cache, self.config.rootpath),
                        self.gate.is_accepted,
                        s.sees is not None,
                    ),
                )
            if not xdist.is_node(self.config):
                self.run.start()
        return self.run

    def _result(self, cell: Cell) -> Result:
        with ended_by_errors():
            return self._begin().result(cell).result()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if isinstance(item, CellItem) and call.when == "call" and item.result:
            self.gathered.add(item.result)
            if not item.result.cached:
                report.duration = sum(item.result.seconds.values())
            if xdist.is_node(self.config):
                setattr(report, gathering.ATTACHED, item.result.transfer())
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not xdist.is_node(self.config):
            self.gathered.take(report)
            if self.gathered.by_cell:
                self.partial.keep(self._is_whole, self._results)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        s = self.settings
        if self.run:
            self.run.close()
        self.exchange.damaged += self.store.damaged
        if s.shard and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK  # more shards than cells: this one is empty
        is_main = not xdist.is_node(self.config) and not self.config.option.collectonly
        if is_main and (self.gathered.by_cell or s.shard):
            self._write(self._results(), session)
        if self.run and s.repro:
            from pytest_export_matrix.reproduction import folders  # few runs need it

            found = ((result, self._evidence(result)) for result in self.gathered.failed())
            self.exchange.problems += folders.write_all(s.repro, found)

    def _evidence(self, result: Result) -> CellEvidence:
        """What a cell was made from. Its file may be at the URL of the cache until now."""
        assert self.run is not None
        evidence = self.run.evidence(result.cell)
        if evidence.artifact:
            # What is gone is said where it is copied.
            with contextlib.suppress(Damaged, CacheError):
                self.store.check([os.path.dirname(evidence.artifact)])
        return evidence

    def _not_planned(self) -> List[str]:
        return [f"not planned: {self.plan.not_planned}"] if self.plan.not_planned else []

    def _results(self) -> Results:
        elsewhere = self.run.executor.elsewhere if self.run else {}
        return self.gathered.results(self.plan, self.settings, self.gate, elsewhere)

    def _is_whole(self) -> bool:
        return set(self.gathered.planned) == set(self.plan.whole)

    def _write(self, results: Results, session: pytest.Session) -> None:
        """Write what this run may write: the reports, the baseline, the tables of documents."""
        registry, s, is_whole = self.plan.registry, self.settings, self._is_whole()
        self.report_lines, code = write_reports(results, registry, s, is_whole)
        session.exitstatus = code or session.exitstatus
        if self.settings.update:
            possible = [cell.id for cell in self.plan.possible]
            known = possible if is_whole and results.complete else None
            self.report_lines.append(self.gate.accept(results.cells, known))
        if self.settings.docs:
            lines, code = refresh_documents(results, s, is_whole)
            self.report_lines += lines
            session.exitstatus = session.exitstatus or code

    def pytest_unconfigure(self) -> None:
        self.signals.end()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.gathered.by_cell:
            return
        results, write_line = self._results(), terminalreporter.write_line
        verdicts = self.gate.verdicts(results.cells)
        spent = dict(self.run.executor.spent) if self.run else {}
        terminalreporter.section("export matrix")
        more, width = self.config.get_verbosity() > 0, shutil.get_terminal_size().columns
        sights = terminal.sights(results, self.settings.sees or 0, more, width)
        for colour, line in (*terminal.lines(results, verdicts, spent, more, width), *sights):
            write_line(printable(line), **({colour: True} if colour else {}))
        notes = self.run.executor.notes() if self.run else []
        lines = [*notes, *self._not_planned(), *self.report_lines]
        if self.exchange.damaged:
            lines.insert(0, f"{self.exchange.damaged} damaged entries of the cache were made again")
        if self.settings.repro:
            failed = len(self.gathered.failed())
            from pytest_export_matrix.reproduction import folders  # few runs need it

            lines += folders.report(self.settings.repro, failed, self.exchange.problems)
        for line in lines:
            write_line(line)
        github.report(results, verdicts, os.environ, write_line)


def _gate(plan: Plan, settings: options.Settings, commands: Commands) -> Gate:
    """The gate of the run. The baseline and what is required are checked before anything runs."""
    s, path = settings, settings.baseline
    required = select(plan.possible, plan.whole, s.require, "--export-matrix-require")
    baseline = gate.load(path, s.profile, s.update)
    if path and baseline and plan.is_whole and not s.update:
        gate.check_all_there(path, baseline, [cell.id for cell in plan.possible])
    ids = frozenset(cell.id for cell in required) if s.require else frozenset()
    return Gate(path, baseline, s.profile, ids, s.update, commands.accept)


@contextlib.contextmanager
def ended_by_errors() -> Iterator[None]:
    """End pytest where results cannot be kept, or steps not be carried out."""
    try:
        yield
    except (CacheError, ClusterError) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


class usage_errors:  # noqa: N801
    """Turn our errors into pytest's, which end the run with exit code 4 and no traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: Optional[BaseException], trace: object) -> None:
        if isinstance(error, ExportMatrixError):
            raise pytest.UsageError(str(error)) from error
