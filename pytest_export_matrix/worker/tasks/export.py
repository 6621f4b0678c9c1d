"""The task `export`: capture the model once and lower it into each format asked for.

Stages `build` and `export`; one part a format. For each FORMAT/model<suffix> and
FORMAT/answer.json, written as soon as that format is done, so that a crash in the next one leaves
it standing.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Dict

from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.vocabulary.outcomes import Failure, Stage
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import cases
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.task import Stages, answer_part


def run(request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Answers nothing of its own: the parts do."""
    stages.begin(Stage.BUILD)
    use_project(request["paths"])
    model = models.rebuild(request)
    models.change(model, request)
    arguments = None
    if request.get("example"):
        arguments = cases.arguments(cases.read(request["example"]), request["device"])
    elif request["sizes"]:
        sample = models.sample(request, request["sizes"], seed=0)
        arguments = models.to_device(sample, request["device"])
    layouts = tuple(request["architecture"]["layouts"])
    context = Context(model, arguments, layouts, frozenset(request["dynamic"]))
    capture = resolve(request["capture"])
    stages.begin(Stage.EXPORT)
    with models.exact_arithmetic(request["threads"]):
        captured = capture(context)
        for part in request["parts"]:
            stages.begin(Stage.EXPORT, part["name"])
            answer_part(part, partial(lower, captured, context, part), stages)
    return {}


def lower(captured: Any, context: Context, part: Dict[str, Any], out: str) -> Dict[str, Any]:
    """Write one format; answers with the name of the file and its calling convention.

    Raises Failure where the exporter returned without having written the file.
    """
    name = "model" + part["suffix"]
    convention = resolve(part["lower"])(captured, os.path.join(out, name), context)
    if not os.path.isfile(os.path.join(out, name)):
        raise Failure(f"{part['lower']} returned without writing a file")
    return {"file": name, "convention": convention}
