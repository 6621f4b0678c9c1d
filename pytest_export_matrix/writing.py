"""Writing the reports of a run into its folder, and when not to."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Callable, List

from pytest_export_matrix.options import Settings
from pytest_export_matrix.registry import Registry, Reporter
from pytest_export_matrix.results import FILENAME, Results, dumps, load, write

PARTIAL = "results.partial.json"


def check_reports(folder: Path) -> None:
    """Raises ResultsError where `folder` holds results that this version would not understand: it
    is refused before the run rather than overwritten after it."""
    if (folder / FILENAME).exists():
        load(folder / FILENAME)


def write_reports(
    results: Results, registry: Registry, settings: Settings, is_whole: bool
) -> List[str]:
    """Write what this run may write; what was written or left alone, for the terminal.

    The folder belongs to whole runs that came to their end. A selection writes there only where
    the command line names the folder, and a run that was broken off leaves its results beside.
    """
    folder = settings.reports
    if not is_whole and not settings.reports_asked:
        return [
            f"a selection: {folder.name}/ is left as it is (--export-matrix-reports DIR writes)"
        ]
    if not results.complete:
        name = FILENAME if settings.reports_asked else PARTIAL
        write(folder / name, dumps(results))
        return [f"the run was broken off: its results are in {folder / name}"]
    lines = [f"reports: {folder}"]
    for reporter in registry.reporters:
        remedy = lacking(reporter)
        if not remedy:
            write(folder / reporter.filename, render(reporter.render)(results))
        elif (folder / reporter.filename).exists():
            lines.append(f"{reporter.filename} is of an older run, not written: {remedy}")
        else:
            lines.append(f"{reporter.filename} not written: {remedy}")
    return lines


def lacking(reporter: Reporter) -> str:
    """The command that installs what `reporter` needs; empty where all of it is here."""
    missing = [name for name in reporter.needs if importlib.util.find_spec(name) is None]
    return f'pip install "{reporter.extra or " ".join(missing)}"' if missing else ""


def render(reference: str) -> Callable[[Results], str]:
    module, _, attribute = reference.partition(":")
    function: Callable[[Results], str] = getattr(importlib.import_module(module), attribute)
    return function
