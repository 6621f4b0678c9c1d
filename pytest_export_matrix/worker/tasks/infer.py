"""The task `infer`: load a file, run it on every case of a cell, compare with the reference.

Stages `load`, `run` and `compare`. The model's code is not importable here: what this process gets
is the file, the inputs and the reference.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from typing import Any, Dict, Iterator, Sequence, Tuple

from pytest_export_matrix.compare.answers import (
    compare,
    place,
    shown_by,
)
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome, Stage
from pytest_export_matrix.vocabulary.pytrees import to_arrays, unflatten
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.cases import read
from pytest_export_matrix.worker.imports import hide, package_of, use_project
from pytest_export_matrix.worker.task import Stages, failure


def run(request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Answers {"deviation", "notes"}; the outcome is failed where a case deviates too far."""
    stages.begin(Stage.LOAD)
    own = [request["session"], request["outputs"]["compare"]]
    extras, imported = request["extras"], list(request["extras"])
    hidden = package_of(request["own_code"])
    if request["with_own_code"]:
        use_project(request["paths"])
        imported.append(request["own_code"])
        hidden = ""
    hide(hidden, own, imported, request["paths"])
    engine = resolve(request["session"])
    arguments: Tuple[Any, ...] = (request["file"], request["device"], request["threads"])
    if request.get("program"):
        arguments += (request["program"], extras)  # it is the program that they are loaded into
    else:
        for module in imported:
            resolve(f"{module}:__name__")
    stages.begin(Stage.LOAD)  # again, now that the session's own module is among what was read
    with opened(engine, *arguments) as session:
        found = use(session, request, stages)
    if request["other_device"] and "outcome" not in found:
        file, _, *others = arguments
        stages.begin(Stage.LOAD)
        with elsewhere(request), opened(engine, file, request["other_device"], *others) as session:
            used = use(session, {**request, "cases": request["cases"][:1]}, stages)
            if "outcome" in used:
                raise Failure(used["reason"])
    return found


@contextlib.contextmanager
def opened(engine: Any, *arguments: Any) -> Iterator[Any]:
    """A session, which is closed afterwards where it can be."""
    session = engine(*arguments)
    try:
        yield session
    finally:
        getattr(session, "close", lambda: None)()


@contextlib.contextmanager
def elsewhere(request: Dict[str, Any]) -> Iterator[None]:
    """What fails inside, fails on the other device: something is baked into the file."""
    try:
        yield
    except Exception as error:
        found = failure(error)
        where = f"exported on {request['device']} and loaded on {request['other_device']}"
        reason = f"a device is baked into the file: {where}, it fails: {found['reason']}"
        raise Failure(reason, Outcome(found["outcome"]), found["detail"]) from error


def use(session: Any, request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Run every case in `session`, which has loaded the file, and compare."""
    cases = [read(folder) for folder in request["cases"]]
    stages.begin(Stage.RUN)
    answers, seconds = [], []
    for case in cases:
        stages.note(place(case), failed_on=[shown_by(case)])
        began = time.monotonic()
        answers.append(_call(session, case, request["convention"]))
        seconds.append(getattr(session, "seconds", time.monotonic() - began))
        stages.facts["ran"] = max(len(answers), stages.facts.get("ran", 0))
    stages.facts.setdefault("latency", latency(seconds))
    stages.begin(Stage.COMPARE)
    found = compare(cases, answers, request)
    stages.facts["failed_on"] = found.pop("failed_on", [])
    return found


def latency(seconds: Sequence[float]) -> Dict[str, float]:
    """The seconds of the first call, and the median of the others where there are any."""
    steady = {"steady": statistics.median(seconds[1:])} if seconds[1:] else {}
    return {"first": seconds[0], **steady}


def _call(session: Any, case: Dict[str, Any], convention: str) -> Any:
    """What the file answers to the inputs of `case`. A failure names the shapes it came at."""
    arguments = tuple(case["input"])
    if convention == "structured":
        arguments = unflatten(case["input"], case["inputs"])
    try:
        return to_arrays(session.run(arguments))
    except Exception as error:
        found = failure(error)
        reason = f"{place(case)}: {found['reason']}"
        raise Failure(reason, Outcome(found["outcome"]), found["detail"]) from error
