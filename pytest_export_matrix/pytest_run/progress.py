"""What a run shows on the terminal while it waits."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pytest_export_matrix.execution.run import MatrixRun

#: Between lines of progress where the terminal cannot rewrite one (a file, a CI log).
QUIET_SECONDS = 30.0
SAVE, RESTORE, CLEAR = "\x1b7", "\x1b8", "\x1b[K"


class Progress:
    """What is under way, behind pytest's own line on a terminal, now and then in a log."""

    _said = time.monotonic()

    def __init__(self, config: pytest.Config, session: MatrixRun) -> None:
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
