"""Write reports into their folder and tables into documents, unless the run must not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, List, Sequence, Tuple

from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.reporting import documents
from pytest_export_matrix.reporting.publish import (
    FAILED,
    OK,
    USAGE_ERROR,
    write_all,
)
from pytest_export_matrix.results.file import FILENAME, dumps, load
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from pytest_export_matrix.pytest_run.options import Settings

PARTIAL = "results.partial.json"
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


def write_reports(
    results: Results, registry: Registry, settings: Settings, is_whole: bool
) -> List[str]:
    """Write what this run may write. Returns lines for the terminal that say what was written.

    The folder is for whole runs that came to their end, and for any run if the command line names
    it. Otherwise a selection writes nothing, and a run that was broken off writes `PARTIAL`.
    """
    try:
        return _write_reports(results, registry, settings, is_whole)
    except OSError as error:
        return [f"ERROR: reports {settings.reports}: {error}", KEPT]


def _write_reports(
    results: Results, registry: Registry, settings: Settings, is_whole: bool
) -> List[str]:
    folder = settings.reports
    if not is_whole and not settings.reports_asked:
        return [
            f"a selection: {folder.name}/ is left as it is (--export-matrix-reports=DIR writes)"
        ]
    if not results.complete:
        name = FILENAME if settings.reports_asked else PARTIAL
        write_whole(folder / name, dumps(results))
        return [f"the run was broken off: its results are in {folder / name}"]
    return write_all(folder, results, registry.reporters)


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
