"""The task `infer`: load a file, run it on every case of a cell, compare with the reference.

Stages `load`, `run` and `compare`. The model's code is not importable here: this process gets only
the file, the inputs and the reference.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import replace
from typing import Any, Dict, Iterator, Sequence, Tuple

from pytest_export_matrix.compare.answers import Comparison, KeptCase, compare
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome, Stage
from pytest_export_matrix.vocabulary.pytrees import to_arrays, unflatten
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.cases import read
from pytest_export_matrix.worker.imports import hide, package_of, use_project
from pytest_export_matrix.worker.messages import Answer, Here, Infer
from pytest_export_matrix.worker.task import Stages, failure


def run(request: Infer, here: Here, stages: Stages) -> Answer:
    """Returns the comparison; the outcome is failed where a case deviates too far."""
    stages.begin(Stage.LOAD)
    own = [request.session, request.outputs.compare]
    imported = list(request.extras)
    hidden = package_of(request.own_code)
    if request.with_own_code:
        use_project(here.paths)
        imported.append(request.own_code)
        hidden = ""
    hide(hidden, own, imported, here.paths)
    engine = resolve(request.session)
    others: Tuple[Any, ...] = (here.threads,)
    if request.program:
        others += (request.program, request.extras)  # the program loads them
    else:
        for module in imported:
            resolve(f"{module}:__name__")
    stages.begin(Stage.LOAD)  # again: the session's own module is among the files read by now
    with opened(engine, request.file, request.device, *others) as session:
        found = run_cases(session, request, stages)
    if request.other_device and not found.reason:
        stages.begin(Stage.LOAD)
        first = replace(request, cases=request.cases[:1])
        there = (request.file, request.other_device, *others)
        with elsewhere(request), opened(engine, *there) as session:
            used = run_cases(session, first, stages)
            if used.reason:
                raise Failure(used.reason)
    outcome = Outcome.FAILED if found.reason else Outcome.PASSED
    return Answer(outcome, reason=found.reason, compared=found)


@contextlib.contextmanager
def opened(engine: Any, *arguments: Any) -> Iterator[Any]:
    """A session. It is closed afterwards if it has `close`."""
    session = engine(*arguments)
    try:
        yield session
    finally:
        getattr(session, "close", lambda: None)()


@contextlib.contextmanager
def elsewhere(request: Infer) -> Iterator[None]:
    """Turn a failure on the other device into one that says: a device is baked into the file."""
    try:
        yield
    except Exception as error:
        found = failure(error)
        where = f"exported on {request.device} and loaded on {request.other_device}"
        reason = f"a device is baked into the file: {where}, it fails: {found.reason}"
        raise Failure(reason, found.outcome, found.detail) from error


def run_cases(session: Any, request: Infer, stages: Stages) -> Comparison:
    """Run every case in `session`, which has loaded the file, and compare."""
    cases = [read(folder) for folder in request.cases]
    stages.begin(Stage.RUN)
    answers, seconds = [], []
    for case in cases:
        stages.note(case.place, failed_on=[case.shows])
        began = time.monotonic()
        answers.append(_call(session, case, request.convention))
        seconds.append(float(getattr(session, "seconds", time.monotonic() - began)))
        stages.known.ran = max(len(answers), stages.known.ran)
    stages.known.latency = stages.known.latency or latency(seconds)
    stages.begin(Stage.COMPARE)
    structures = None
    if request.convention != "structured":
        # The structure of the model's answer at export: if a file answers for other images than it
        # was asked about, the number of its tensors differs.
        structures = [request.exported_outputs or case.outputs for case in cases]
    found = compare(cases, answers, request.outputs, structures)
    stages.known.failed_on = found.failed_on
    return found


def latency(seconds: Sequence[float]) -> Dict[str, float]:
    """The seconds of the first call, and the median of the others where there are any."""
    steady = {"steady": statistics.median(seconds[1:])} if seconds[1:] else {}
    return {"first": seconds[0], **steady}


def _call(session: Any, case: KeptCase, convention: str) -> Any:
    """What the file answers to the inputs of `case`. A failure names their shapes."""
    arguments = tuple(case.input)
    if convention == "structured":
        arguments = unflatten(case.input, case.inputs)
    try:
        return to_arrays(session.run(arguments))
    except Exception as error:
        found = failure(error)
        raise Failure(f"{case.place}: {found.reason}", found.outcome, found.detail) from error
