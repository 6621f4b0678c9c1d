"""The task `agree`: whether the eager model that is exported answers as the reference does.

Stages `build` and `reference`; one part a case, with the deviation in its CASE/answer.json.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pytest_export_matrix.compare.answers import compare
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage
from pytest_export_matrix.worker import cases
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.eager import ask
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.messages import Agree, AgreePart, Answer, Eager, Here
from pytest_export_matrix.worker.task import Stages, answer_part


def run(request: Agree, here: Here, stages: Stages) -> Answer:
    """Returns an empty answer: the parts have answers of their own."""
    stages.begin(Stage.BUILD)
    use_project(here.paths)
    model = models.rebuild(request.eager)
    changed = models.change(model, request.eager.changes)
    with models.exact_arithmetic(here.threads):
        for part in request.parts:
            stages.begin(Stage.REFERENCE, part.name)
            answer_part(part.out, partial(agrees, model, part, request.eager, changed), stages)
    return Answer()


def agrees(model: Any, part: AgreePart, eager: Eager, changed: str) -> Answer:
    """Whether this eager model answers one case alike; `changed` says what was changed in it."""
    case = cases.read(part.case)
    answer = ask(model, cases.arguments(case, eager.device))
    compared = compare([case], [answer], eager.model.outputs)
    if not compared.reason:
        return Answer(compared=compared, changed=changed)
    reason = f"eager answers otherwise than the model as it is; {compared.reason}"
    return Answer(
        Outcome.FAILED,
        reason=reason,
        compared=compared,
        failed_on=compared.failed_on,
        changed=changed,
    )
