"""The task `program`: build the program of a runtime, in the runtime's environment.

Stage `load`: a cell whose program is not there fails before its file is loaded.
"""

from __future__ import annotations

import os
from typing import Any, Dict

from pytest_export_matrix.vocabulary.outcomes import Stage
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.imports import hide
from pytest_export_matrix.worker.task import Stages


def run(request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Fills the folder "out"; answers {"versions": {tool: version}} of what the program holds."""
    stages.begin(Stage.LOAD)
    hide("", [request["program"]], (), request["paths"])
    build = resolve(request["program"])
    os.makedirs(request["out"], exist_ok=True)
    return {"versions": build(request["out"]) or {}}
