"""The task `prepare`: build the model once, keep its weights and its eager answers.

Stages `build` and `reference`; one part for each case. It writes into the request's folders:

    weights.safetensors     the state of the model, unless it was given
    CASE/data.npz           arrays input_0.., output_0..
    CASE/answer.json        the part's answer: with the structure of inputs and outputs, and
                            whether the eager model found anything to compare
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from pytest_export_matrix.vocabulary.outcomes import Failure, Stage
from pytest_export_matrix.vocabulary.pytrees import flatten, to_arrays, without_empty
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import cases
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.messages import (
    Answer,
    CasePart,
    EagerAnswer,
    Here,
    Prepare,
)
from pytest_export_matrix.worker.task import Stages, answer_part


def run(request: Prepare, here: Here, stages: Stages) -> Answer:
    """Returns an empty answer: the parts have answers of their own."""
    stages.begin(Stage.BUILD)
    use_project(here.paths)
    model = models.build(request.model)
    os.makedirs(request.out, exist_ok=True)
    kept = request.weights or os.path.join(request.out, models.WEIGHTS)
    if os.path.exists(kept):
        models.load_weights(model, kept)
    else:
        models.save_weights(model, kept)
    model.to(request.device)
    with models.exact_arithmetic(here.threads):
        for part in request.parts:
            stages.begin(Stage.REFERENCE, part.name)
            answer_part(part.out, partial(reference, model, part, request), stages)
    return Answer()


def reference(model: Any, case: CasePart, request: Prepare) -> Answer:
    """Run eager on one case and keep inputs and outputs.

    Raises Failure for an answer that the comparison rejects even against itself (it holds NaN, or
    has not the structure of the output kind).
    """
    arguments = models.sample(request.model, case.sizes, case.seed)
    inputs, input_spec = flatten(arguments)
    answer = without_empty(to_arrays(model(*models.to_device(arguments, request.device))))
    kind = request.model.outputs
    itself = resolve(kind.compare)(answer, answer, kind.options)
    if itself["problems"]:
        sizes = [list(size) for size in case.sizes]
        where = f"sizes {sizes}, seed {case.seed} {case.label}".rstrip()
        raise Failure(f"the eager model itself answers wrongly ({where}): {itself['problems'][0]}")
    outputs, output_spec = flatten(answer)
    cases.write(case.out, inputs, outputs)
    shows = itself.get("matched", 1) > 0
    return Answer(eager=EagerAnswer(input_spec, output_spec, case.label, shows))
