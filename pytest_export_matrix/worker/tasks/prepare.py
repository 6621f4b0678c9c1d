"""The task `prepare`: build the model once, keep its weights and its eager answers.

Stages `build` and `reference`; one part a case. Writes into the request's folders:

    weights.safetensors     the state of the model, unless it was given
    CASE/data.npz           arrays input_0.., output_0..
    CASE/answer.json        the part's answer: with the structure of inputs and outputs, and
                            whether the eager model found anything to compare
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Dict

from pytest_export_matrix.vocabulary.outcomes import Failure, Stage
from pytest_export_matrix.vocabulary.pytrees import flatten, to_arrays, without_empty
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker import weights
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.task import Stages, answer_part


def run(request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Answers nothing of its own: the parts do."""
    stages.begin(Stage.BUILD)
    use_project(request["paths"])
    model = models.build(request)
    os.makedirs(request["out"], exist_ok=True)
    kept = request["weights"] or os.path.join(request["out"], weights.FILE)
    if os.path.exists(kept):
        weights.load(model, kept)
    else:
        weights.save(model, kept)
    model.to(request["device"])
    with models.exact_arithmetic(request["threads"]):
        for part in request["parts"]:
            stages.begin(Stage.REFERENCE, part["name"])
            answer_part(part, partial(reference, model, part, request), stages)
    return {}


def reference(
    model: Any, case: Dict[str, Any], request: Dict[str, Any], out: str
) -> Dict[str, Any]:
    """Run eager on one case and keep inputs and outputs.

    Raises Failure for an answer that is no answer: one that the comparison rejects even against
    itself (NaN, not the structure that the output kind names).
    """
    import numpy as np

    arguments = models.sample(request, case["sizes"], case["seed"])
    inputs, input_spec = flatten(arguments)
    answer = without_empty(to_arrays(model(*models.to_device(arguments, request["device"]))))
    kind = request["outputs"]
    itself = resolve(kind["compare"])(answer, answer, kind["options"])
    if itself["problems"]:
        where = f"sizes {case['sizes']}, seed {case['seed']} {case['label']}".rstrip()
        raise Failure(f"the eager model itself answers wrongly ({where}): {itself['problems'][0]}")
    outputs, output_spec = flatten(answer)
    arrays = {f"input_{i}": tensor.numpy() for i, tensor in enumerate(inputs)}
    arrays.update({f"output_{i}": array for i, array in enumerate(outputs)})
    np.savez(os.path.join(out, "data.npz"), **arrays)
    shows = itself.get("matched", 1) > 0
    described = {"inputs": input_spec, "outputs": output_spec, "label": case["label"]}
    return {**described, "shows": shows}
