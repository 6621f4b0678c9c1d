"""Show on the terminal what a run does while pytest waits."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from pytest_export_matrix.execution.run import MatrixRun

#: Seconds between lines of progress where a line cannot be rewritten (a file, a CI log).
QUIET_SECONDS = 30.0
#: Control sequences of terminals: without WRAP a line that is too long is cut at the edge.
SAVE, RESTORE, CLEAR = "\x1b7", "\x1b8", "\x1b[K"
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"


class Progress:
    """Shows what is under way: on a terminal behind pytest's own line, in a log now and then."""

    def __init__(self, config: pytest.Config) -> None:
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._said = time.monotonic()
        self._shown = False

    def __enter__(self) -> "Progress":
        return self

    def show(self, run: MatrixRun) -> None:
        if self._reporter is None:
            return
        if self._reporter.isatty:
            # Not through pytest's own writer: it would count this as part of its line.
            sys.stdout.write(f"{SAVE}{NO_WRAP}{CLEAR}  {_text(run)}{WRAP}{RESTORE}")
            sys.stdout.flush()
            self._shown = True
        elif time.monotonic() - self._said > QUIET_SECONDS:
            self._said = time.monotonic()
            self._reporter.ensure_newline()
            self._reporter.write_line(f"  {_text(run)}")

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stdout.write(CLEAR)
            self._shown = False


def _text(run: MatrixRun) -> str:
    now = time.monotonic()
    doing = [f"{each.what}: {each.stage} {now - each.since:.0f} s" for each in run.activities]
    return f"{run.done} of {run.planned} cells; {', '.join(doing)}"
