"""The task `probe`: whether an exporter or a runtime can work on a device here."""

from __future__ import annotations

from pytest_export_matrix.worker.imports import import_engine
from pytest_export_matrix.worker.messages import Answer, Here, Probe
from pytest_export_matrix.worker.task import Stages


def run(request: Probe, here: Here, stages: Stages) -> Answer:
    """The answer's `problem` says why it cannot; it is empty where it can."""
    problem = getattr(import_engine(request.session, here.paths), "problem", None)
    return Answer(problem=(problem(request.device) if problem else None) or "")
