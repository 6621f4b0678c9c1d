"""Show on the terminal what a run does while pytest waits."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Optional

import pytest

if TYPE_CHECKING:
    from pytest_export_matrix.execution.run import MatrixRun
    from pytest_export_matrix.execution.time_left import Left

#: Seconds between lines of progress where a line cannot be rewritten (a file, a CI log).
QUIET_SECONDS = 30.0
#: Seconds after which the time that is left is told: what is in the cache is answered by then.
EARLY_SECONDS = 60.0
#: Control sequences of terminals: without WRAP a line that is too long is cut at the edge.
SAVE, RESTORE, CLEAR = "\x1b7", "\x1b8", "\x1b[K"
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"


class Progress:
    """Shows what is under way: on a terminal behind pytest's own line, in a log now and then."""

    def __init__(self, config: pytest.Config) -> None:
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._began = self._said = time.monotonic()
        self._shown = False

    def __enter__(self) -> "Progress":
        return self

    def show(self, run: MatrixRun) -> None:
        if self._reporter is None:
            return
        if self._reporter.isatty:
            # Not through pytest's own writer: it would count this as part of its line.
            sys.stdout.write(f"{SAVE}{NO_WRAP}{CLEAR}  {self._text(run)}{WRAP}{RESTORE}")
            sys.stdout.flush()
            self._shown = True
        elif time.monotonic() - self._said > QUIET_SECONDS:
            self._said = time.monotonic()
            self._reporter.ensure_newline()
            self._reporter.write_line(f"  {self._text(run)}")

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stdout.write(CLEAR)
            self._shown = False

    def _text(self, run: MatrixRun) -> str:
        now = time.monotonic()
        doing = [f"{each.what}: {each.stage} {now - each.since:.0f} s" for each in run.activities]
        left = in_words(run.time_left) if now - self._began > EARLY_SECONDS else ""
        return f"{run.done} of {run.planned} cells{left}; {', '.join(doing)}"


def in_words(left: Optional[Left]) -> str:
    """The time that is left; "" where there is none, or it is not known."""
    if not left or not left.seconds:
        return ""
    minutes = round(left.seconds / 60)
    hours, rest = divmod(minutes, 60)
    words = f"{hours} h {rest} min" if hours else f"{max(1, minutes)} min"
    return f", {'more than' if left.at_least else 'about'} {words} left"
