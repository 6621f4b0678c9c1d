"""What a run shows on the terminal: progress while it waits, the table and the reds at its end."""

from __future__ import annotations

import time
from typing import Any, Dict, List

import pytest
from tabulate import tabulate

from pytest_export_matrix.outcomes import STAGES
from pytest_export_matrix.reporters.text import change_lines, grid, tally, title
from pytest_export_matrix.results import Results
from pytest_export_matrix.session import Session
from pytest_export_matrix.support import tables, unavailable
from pytest_export_matrix.verdict import Verdict

#: Between lines of progress where the terminal cannot rewrite one (a file, a CI log).
QUIET_SECONDS = 30.0
SAVE, RESTORE, CLEAR = "\x1b7", "\x1b8", "\x1b[K"


class Progress:
    """What is under way, behind pytest's own line on a terminal, now and then in a log."""

    _said = time.monotonic()

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._session = session
        self._shown = False

    def __enter__(self) -> "Progress":
        return self

    def show(self) -> None:
        if self._reporter is None:
            return
        writer = self._reporter._tw
        if self._reporter.isatty:
            room = max(0, writer.fullwidth - writer.width_of_current_line - 4)
            writer._file.write(f"{SAVE}{CLEAR}  {self._text()[:room]}{RESTORE}")
            writer._file.flush()
            self._shown = True
        elif time.monotonic() - Progress._said > QUIET_SECONDS:
            Progress._said = time.monotonic()
            self._reporter.ensure_newline()
            self._reporter.write_line(f"  {self._text()}")

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._reporter._tw._file.write(CLEAR)

    def _text(self) -> str:
        now = time.monotonic()
        doing = [f"{a.what}: {a.stage} {now - a.since:.0f} s" for a in self._session.activities]
        return f"{self._session.done} of {self._session.planned} cells; {', '.join(doing)}"


def summarize(
    reporter: pytest.TerminalReporter,
    results: Results,
    verdicts: Dict[str, Verdict],
    spent: Dict[str, float],
    lines: List[str],
) -> None:
    """The support table, each cell that fails the run, and where the reports are."""
    reporter.section("export matrix")
    for table in tables(results.cells):
        header, rows = grid(table)
        reporter.write_line(f"{title(table)}\n")
        reporter.write_line(tabulate(rows, headers=header, tablefmt="simple", maxcolwidths=40))
        reporter.write_line("")
    for result in results.cells:
        verdict = verdicts[result.cell.id]
        if verdict.fails:
            said = verdict.sentence if result.passed else result.headline
            reporter.write_line(f"{result.cell.id}: {result.ending}: {said}", red=True)
            reporter.write_line(f"    {result.repro}")
    for reason, number in unavailable(results.cells):
        reporter.write_line(f"{number} unavailable: {reason}", yellow=True)
    for line in change_lines(results.changes):
        reporter.write_line(line)
    cached = sum(result.cached for result in results.cells)
    reporter.write_line(f"{tally(results)}; {cached} answered from the cache")
    if spent:
        order = ["start", *STAGES]
        parts = [f"{stage} {spent[stage]:.0f}" for stage in order if round(spent.get(stage, 0))]
        reporter.write_line(f"seconds of work by stage: {', '.join(parts) or 'none'}")
    for line in lines:
        reporter.write_line(line)
