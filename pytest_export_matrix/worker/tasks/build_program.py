"""The task `build_program`: build the program of a runtime, in the runtime's environment.

Stage `load`: a cell without its program fails before its file is loaded.
"""

from __future__ import annotations

import os

from pytest_export_matrix.vocabulary.outcomes import Stage
from pytest_export_matrix.worker.imports import import_engine
from pytest_export_matrix.worker.messages import Answer, BuildProgram, Here
from pytest_export_matrix.worker.task import Stages


def run(request: BuildProgram, here: Here, stages: Stages) -> Answer:
    """Fill the folder. The answer holds {tool: version} of the program."""
    stages.begin(Stage.LOAD)
    build = import_engine(request.program, here.paths)
    os.makedirs(request.out, exist_ok=True)
    return Answer(versions=build(request.out) or {})
