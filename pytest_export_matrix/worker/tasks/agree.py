"""The task `agree`: whether the eager model that is exported answers as the one it was made from.

Stages `build` and `reference`; one part a case, with the deviation in its CASE/answer.json.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Dict

from pytest_export_matrix.compare import answers
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage
from pytest_export_matrix.vocabulary.pytrees import to_arrays
from pytest_export_matrix.worker import cases
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.task import Stages, answer_part


def run(request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Answers nothing of its own: the parts do."""
    stages.begin(Stage.BUILD)
    use_project(request["paths"])
    model = models.rebuild(request)
    changed = models.change(model, request)
    with models.exact_arithmetic(request["threads"]):
        for part in request["parts"]:
            stages.begin(Stage.REFERENCE, part["name"])
            answer_part(part, partial(agrees, model, part, request, changed), stages)
    return {}


def agrees(
    model: Any, part: Dict[str, Any], request: Dict[str, Any], changed: str, out: str
) -> Dict[str, Any]:
    """The deviation of this eager model's answer to one case; `changed` is what was changed."""
    case = cases.read(part["case"])
    answer = to_arrays(model(*cases.arguments(case, request["device"])))
    found = answers.compare([case], [answer], {**request, "convention": "structured"})
    if found.get("outcome") == Outcome.FAILED.value:
        found["reason"] = f"eager answers otherwise than the model as it is; {found['reason']}"
    return {**found, "changed": changed}
