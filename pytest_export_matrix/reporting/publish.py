"""Write every report into a folder."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Callable, Iterable, List, Sequence, Tuple, Union

from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.entries import Reporter

#: Makes the text of a report, whole or in pieces.
Render = Callable[[Results], Union[str, Iterable[str]]]
#: Exit codes, those of pytest.
OK, FAILED, USAGE_ERROR = 0, 1, 4


def write_all(
    folder: Path, results: Results, reporters: Sequence[Reporter]
) -> Tuple[List[str], int]:
    """Write every report into `folder`. Returns lines that say so, and an exit code: a report that
    a reporter could not make is an error, and costs no other report."""
    lines, code = [f"reports: {folder}"], OK
    for reporter in reporters:
        remedy = lacking(reporter)
        if not remedy:
            try:
                text = render(reporter.render)(results)
            except Exception as error:  # the code of a project
                problem = f"{type(error).__name__}: {error}"
                lines.append(f"ERROR: {reporter.filename}: {reporter.render} raised {problem}")
                code = USAGE_ERROR
            else:
                write_whole(folder / reporter.filename, text)
        elif (folder / reporter.filename).exists():
            lines.append(f"{reporter.filename} is of an older run, not written: {remedy}")
        else:
            lines.append(f"{reporter.filename} not written: {remedy}")
    return lines, code


def lacking(reporter: Reporter) -> str:
    """The command that installs what `reporter` lacks; empty where it lacks nothing."""
    missing = [name for name in reporter.needs if importlib.util.find_spec(name) is None]
    return f'pip install "{reporter.extra or " ".join(missing)}"' if missing else ""


def render(reference: str) -> Render:
    module, _, attribute = reference.partition(":")
    function: Render = getattr(importlib.import_module(module), attribute)
    return function
