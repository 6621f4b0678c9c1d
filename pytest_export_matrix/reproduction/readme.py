"""How a cell ended, in words: for the script, and for the people who get its folder."""

from __future__ import annotations

import re
from typing import Dict, Optional

from pytest_export_matrix.execution.evidence import CellEvidence
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

#: The name of an exception at the beginning of a reason, after the environment and the shapes of
#: the inputs.
RAISED = re.compile(
    r"(?:in environment [\w.]+: )?(?:at [\[\]\d, ]*(?:, asked again)?: )?([A-Za-z_]\w*):(?=\s|\Z)"
)
PLUGIN = "pytest-export-matrix"


def ending(result: Result) -> str:
    """Outcome and stage, without names of outputs: the user wrote those."""
    return f"{result.outcome} at {result.stage}" if result.stage else result.outcome


def expected(result: Result, facts: CellEvidence) -> str:
    """What the script should show, in one line."""
    if result.outcome == Outcome.TIMED_OUT:
        return f"no end of the stage {result.stage} after {facts.limits.seconds:g} s"
    if result.outcome == Outcome.OUT_OF_MEMORY:
        limit = facts.limits.memory / 2**30
        return f"{result.headline} (the run allowed {limit:.1f} GiB; nothing limits this script)"
    return f"{ending(result)}: {result.headline}"


def expected_error(result: Result) -> Optional[str]:
    """The exception that the script should end with: None for any, "" for none."""
    raising = (Outcome.FAILED, Outcome.OUT_OF_MEMORY)
    if result.outcome not in raising or result.stage == Stage.COMPARE or result.deviating:
        return ""
    found = RAISED.match(result.reason or "")
    return found[1] if found else None


def requirements(environment: Versions, needs_plugin: bool) -> str:
    """The packages as they were, in the form of pip."""
    pins = [
        f"{name}=={version}"
        for name, version in sorted(environment.packages.items())
        if needs_plugin or name != PLUGIN
    ]
    return "\n".join([f"# Python {environment.python}, {environment.platform}", *pins, ""])


def values(result: Result, environment: Versions, how: str, needs_plugin: bool) -> Dict[str, str]:
    """Placeholders of the README's template. Text that others wrote is indented, so that it is
    shown as it is."""
    return {
        "CELL": result.cell.id,
        "AXES": ", ".join(f"{axis} {value}" for axis, value in result.cell.axes.items()),
        "OUTCOME": ending(result),
        "HOW": how,
        "REASON": indented(result.reason or "(none was given)"),
        "DETAIL": indented(result.detail or "(nothing)"),
        "ENVIRONMENT": indented(requirements(environment, needs_plugin)),
        "REPRO": indented(result.repro).strip(),
    }


def indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
