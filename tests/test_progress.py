"""While a run waits, it shows what is under way. It leaves the output of pytest as it is."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, List, Optional

import pytest

from pytest_export_matrix.execution.time_left import Left
from pytest_export_matrix.execution.workers.dispatcher import Activity
from pytest_export_matrix.pytest_run import progress
from pytest_export_matrix.pytest_run.progress import CLEAR, RESTORE, SAVE, Progress

RUN: Any = SimpleNamespace(
    done=2,
    planned=6,
    time_left=Left(400.0),
    activities=[Activity("net eager", "reference", time.monotonic())],
)


class Reporter:
    def __init__(self, isatty: bool) -> None:
        self.isatty = isatty
        self.lines: List[str] = []

    def ensure_newline(self) -> None:
        pass

    def write_line(self, line: str) -> None:
        self.lines.append(line)


def shown_by(reporter: Any) -> Progress:
    manager = SimpleNamespace(get_plugin=lambda name: reporter)
    config: Any = SimpleNamespace(pluginmanager=manager)
    return Progress(config)


def test_a_terminal_shows_the_progress_behind_the_line_and_removes_it_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown_by(Reporter(isatty=True)) as shown:
        shown.show(RUN)
        written = capsys.readouterr().out
        assert written.startswith(SAVE) and written.endswith(RESTORE)
        assert "2 of 6 cells; net eager: reference" in written
    assert capsys.readouterr().out == CLEAR


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    reporter = Reporter(isatty=False)
    with shown_by(reporter) as shown:
        shown.show(RUN)
        assert reporter.lines == []
        monkeypatch.setattr(progress, "QUIET_SECONDS", -1.0)
        shown.show(RUN)
    (line,) = reporter.lines
    assert line.startswith("  2 of 6 cells; net eager: reference")


def test_a_process_without_a_terminal_reporter_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown_by(None) as shown:
        shown.show(RUN)
    assert capsys.readouterr().out == ""


def test_the_time_that_is_left_is_told_once_the_cache_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reporter = Reporter(isatty=False)
    monkeypatch.setattr(progress, "QUIET_SECONDS", -1.0)
    with shown_by(reporter) as shown:
        shown.show(RUN)
        monkeypatch.setattr(progress, "EARLY_SECONDS", -1.0)
        shown.show(RUN)
    early, late = reporter.lines
    assert "2 of 6 cells;" in early and "2 of 6 cells, about 7 min left;" in late


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (None, ""),
        (Left(0.0), ""),
        (Left(20.0), ", about 1 min left"),
        (Left(600.0), ", about 10 min left"),
        (Left(8400.0), ", about 2 h 20 min left"),
        (Left(8400.0, at_least=True), ", more than 2 h 20 min left"),
    ],
)
def test_the_time_that_is_left_is_told_in_hours_and_minutes(
    left: Optional[Left], words: str
) -> None:
    assert progress.in_words(left) == words
