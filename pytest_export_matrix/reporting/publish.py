"""Write every report into a folder."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Callable, List, Sequence

from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.entries import Reporter

#: Exit codes, those of pytest.
OK, FAILED, USAGE_ERROR = 0, 1, 4


def write_all(folder: Path, results: Results, reporters: Sequence[Reporter]) -> List[str]:
    """Write every report into `folder`. Returns lines that say so."""
    lines = [f"reports: {folder}"]
    for reporter in reporters:
        remedy = lacking(reporter)
        if not remedy:
            write_whole(folder / reporter.filename, render(reporter.render)(results))
        elif (folder / reporter.filename).exists():
            lines.append(f"{reporter.filename} is of an older run, not written: {remedy}")
        else:
            lines.append(f"{reporter.filename} not written: {remedy}")
    return lines


def lacking(reporter: Reporter) -> str:
    """The command that installs what `reporter` lacks; empty where it lacks nothing."""
    missing = [name for name in reporter.needs if importlib.util.find_spec(name) is None]
    return f'pip install "{reporter.extra or " ".join(missing)}"' if missing else ""


def render(reference: str) -> Callable[[Results], str]:
    module, _, attribute = reference.partition(":")
    function: Callable[[Results], str] = getattr(importlib.import_module(module), attribute)
    return function
