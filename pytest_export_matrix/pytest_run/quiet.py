"""Keep pytest from showing each failing cell: a matrix has thousands, and few causes."""

from __future__ import annotations

from typing import Generator

import pytest

from pytest_export_matrix.vocabulary.cells import NODE_PREFIX

FAILED = "failed"


class QuietFailures:
    """Without it (pytest -v) each failing cell has its section and its line in pytest's summary.
    The counts and the exit code are pytest's own either way."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, object, object]:
        stats = terminalreporter.stats
        failed = stats.get(FAILED, [])
        stats[FAILED] = [each for each in failed if not each.nodeid.startswith(NODE_PREFIX)]
        try:
            return (yield)
        finally:
            stats[FAILED] = failed
            if not failed:
                del stats[FAILED]
