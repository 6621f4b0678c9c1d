"""Write reports into their folder and tables into documents, unless the run must not."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, List, Sequence, Tuple

from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.reporting import documents
from pytest_export_matrix.reporting.publish import (
    FAILED,
    OK,
    USAGE_ERROR,
    write_all,
)
from pytest_export_matrix.results.file import FILENAME, load, pieces
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from pytest_export_matrix.pytest_run.options import Settings

PARTIAL = "results.partial.json"
#: How long a run goes on before its results so far are written again, in seconds, and how many
#: times longer than writing them takes.
PARTIAL_SECONDS, PARTIAL_SHARE = 10.0, 50
KEPT = "every answer is in the cache: the same command writes them where there is room"


def check_reports(folder: Path) -> None:
    """Raises ResultsError where `folder` holds results that this version cannot read: so the run
    does not overwrite them. Raises UsageError where nothing can be written there."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        problem = f"{there} is no folder that can be written to"
        remedy = "--export-matrix-reports=DIR"
        raise UsageError(f"--export-matrix-reports {folder}", problem, remedy=remedy)
    if (folder / FILENAME).exists():
        load(folder / FILENAME)


class Partial:
    """Writes the results so far beside the reports, as they come: no end of the process can lose
    them. Does nothing where this run may not write there."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._due = settings, time.monotonic() + PARTIAL_SECONDS

    def keep(self, is_whole: Callable[[], bool], results: Callable[[], Results]) -> None:
        began = time.monotonic()
        if began < self._due:
            return
        if self._settings.reports_asked or is_whole():
            with contextlib.suppress(OSError):  # that is said at the end
                write_whole(self._settings.reports / PARTIAL, pieces(results()))
        now = time.monotonic()
        self._due = now + max(PARTIAL_SECONDS, PARTIAL_SHARE * (now - began))


def write_reports(
    results: Results, registry: Registry, settings: Settings, is_whole: bool
) -> Tuple[List[str], int]:
    """Write what this run may write. Returns lines for the terminal that say what was written, and
    an exit code.

    The folder is for whole runs that came to their end, and for any run if the command line names
    it. Otherwise a selection writes nothing, and a run that was broken off writes `PARTIAL`.
    """
    folder = settings.reports
    if not is_whole and not settings.reports_asked:
        line = f"a selection: {folder.name}/ is left as it is (--export-matrix-reports=DIR writes)"
        return [line], OK
    try:
        if results.complete or settings.reports_asked:
            (folder / PARTIAL).unlink(missing_ok=True)
        if results.complete:
            return write_all(folder, results, registry.reporters)
        path = folder / (FILENAME if settings.reports_asked else PARTIAL)
        write_whole(path, pieces(results))
        return [f"the run was broken off: its results are in {path}"], OK
    except OSError as error:
        return [f"ERROR: reports {folder}: {error}", KEPT], USAGE_ERROR


def check_documents(paths: Sequence[Path]) -> None:
    """Raises DocumentError for a document that no table can be put into."""
    for path in paths:
        documents.check_markers(path)


def refresh_documents(
    results: Results, settings: Settings, is_whole: bool
) -> Tuple[List[str], int]:
    """Put the tables into the documents, or check them. Returns lines for the terminal, and an exit
    code. Only a whole run that came to its end may do this.
    """
    names = " ".join(path.name for path in settings.docs)
    if not is_whole or not results.complete:
        line = f"not a whole run: {names} {'not checked' if settings.docs_check else 'left alone'}"
        return [line], FAILED if settings.docs_check else OK
    results_file = settings.reports / FILENAME
    try:
        if not settings.docs_check:
            return documents.refresh(settings.docs, results, results_file), OK
        stale = documents.differences(settings.docs, results, results_file)
    except DocumentError as error:
        return [f"ERROR: {error}"], USAGE_ERROR
    if not stale:
        return [f"as it has to be: {names}"], OK
    mend = f"to mend that: export-matrix docs {names} {settings.reports.name}/{FILENAME}"
    return [*stale, mend], FAILED
