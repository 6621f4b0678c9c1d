"""The task `export`: capture the model and lower it into the format asked for.

Stages `build` and `export`; one part for each format. It writes FORMAT/model<suffix> and
FORMAT/answer.json as soon as that format is done, so that they survive a crash in the next one.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any

from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.vocabulary.outcomes import Failure, Stage
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import cases
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.imports import is_own, package_of, use_project
from pytest_export_matrix.worker.messages import Answer, Export, FormatPart, Here, Written
from pytest_export_matrix.worker.task import Stages, answer_part


def run(request: Export, here: Here, stages: Stages) -> Answer:
    """Returns an empty answer: the parts have answers of their own."""
    stages.begin(Stage.BUILD)
    use_project(here.paths)
    device = request.eager.device
    model = models.rebuild(request.eager)
    models.change(model, request.eager.changes)
    arguments = None
    if request.example:
        arguments = cases.arguments(cases.read(request.example), device)
    elif request.sizes:
        sample = models.sample(request.eager.model, request.sizes, seed=0)
        arguments = models.to_device(sample, device)
    context = Context(
        model,
        arguments,
        tuple(request.eager.model.layouts),
        frozenset(request.dynamic),
        request.takes_tensors,
    )
    capture = resolve(request.capture)
    stages.begin(Stage.EXPORT)
    with models.exact_arithmetic(here.threads):
        captured = capture(context)
        for part in request.parts:
            stages.begin(Stage.EXPORT, part.name)
            answer_part(part.out, partial(lower, captured, context, part, request, here), stages)
    return Answer()


def lower(captured: Any, context: Context, part: FormatPart, request: Export, here: Here) -> Answer:
    """Write one format: a file, or a folder of files.

    Raises Failure where the exporter returned without having written it.
    """
    name = "model" + part.suffix
    context = replace(context, modules=[])
    path = os.path.join(part.out, name)
    convention = resolve(part.lower)(captured, path, context)
    if not os.path.isfile(path) and not any(files for _, _, files in os.walk(path)):
        raise Failure(f"{part.lower} returned without writing a file")
    own = package_of(request.eager.model.build.partition(":")[0])
    others = [module for module in context.modules if not is_own(module, own, here.paths)]
    return Answer(written=Written(name, convention, others))
