"""The task `prepare`: build the model once, keep its weights and its eager answers.

Stages `build` and `reference`; one part for each case. It writes into the request's folders:

    weights.safetensors     the state of the model, unless it was given (or weights.pt)
    CASE/data.npz           arrays input_0.., output_0.., noise_0..
    CASE/answer.json        the part's answer: with the structure of inputs, outputs and noise, and
                            whether the eager model found anything to compare
"""

from __future__ import annotations

import glob
import os
from functools import partial

from pytest_export_matrix.vocabulary.entries import FULL
from pytest_export_matrix.vocabulary.outcomes import Failure, Stage
from pytest_export_matrix.vocabulary.pytrees import flatten
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import cases
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.eager import EagerModel, noises_of
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.messages import (
    Answer,
    CasePart,
    Eager,
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
    kept = request.weights or next(iter(glob.glob(os.path.join(request.out, "weights.*"))), "")
    if kept:
        models.load_weights(model, kept)
    else:
        kept = models.save_weights(model, request.out, models.calibrate(model, request.model))
    same = Eager(request.model, request.device, kept, "", [])
    eager = EagerModel(model.to(request.device), request.device, partial(models.rebuild, same))
    with models.exact_arithmetic(here.threads):
        for part in request.parts:
            stages.begin(Stage.REFERENCE, part.name)
            answer_part(part.out, partial(reference, eager, part, request), stages)
    return Answer()


def reference(eager: EagerModel, case: CasePart, request: Prepare) -> Answer:
    """Run eager on one case and keep inputs, outputs and noise.

    Raises Failure for a model that answers otherwise the second time, and for an answer that the
    comparison rejects even against itself (it has not the structure of the output kind).
    """
    arguments = models.sample(request.model, case.sizes, case.seed)
    inputs, input_spec = flatten(arguments)
    found = eager.answers(models.to_device(arguments, request.device), request.precisions)
    kind = request.model.outputs
    itself = resolve(kind.compare)(found.answer, found.answer, kind.options)
    if itself["problems"]:
        sizes = [list(size) for size in case.sizes]
        where = f"sizes {sizes}, seed {case.seed} {case.label}".rstrip()
        raise Failure(f"the eager model itself answers wrongly ({where}): {itself['problems'][0]}")
    noises = noises_of(kind, found)
    arrays, noise_spec = flatten(noises)
    notes = [*found.notes, *(noises[FULL].notes if noises else ())]
    outputs, output_spec = flatten(found.answer)
    cases.write(case.out, inputs, outputs, arrays)
    shows = itself.get("matched", 1) > 0
    return Answer(eager=EagerAnswer(input_spec, output_spec, case.label, shows, noise_spec, notes))
