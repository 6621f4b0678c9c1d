"""The task `probe`: whether an exporter or a runtime can work on a device here."""

from __future__ import annotations

from typing import Any, Dict

from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.imports import hide
from pytest_export_matrix.worker.task import Stages


def run(request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Answers {"problem": why not, or None}."""
    hide("", [request["session"]], (), request["paths"])
    problem = getattr(resolve(request["session"]), "problem", None)
    return {"problem": problem(request["device"]) if problem else None}
