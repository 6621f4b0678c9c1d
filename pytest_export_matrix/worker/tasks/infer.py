"""The task `infer`: load a file, and keep what it answers to each call.

Stages `load` and `run`. Neither the model's code nor the right answers are here: this process gets
only the file and the inputs. The task `compare` judges the answers, in another process.
"""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from pytest_export_matrix.compare.answers import KeptCase
from pytest_export_matrix.vocabulary.outcomes import Failure, Stage
from pytest_export_matrix.vocabulary.pytrees import to_arrays, unflatten
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.calls import keep_answer, read_inputs
from pytest_export_matrix.worker.imports import import_engine, package_of, use_project
from pytest_export_matrix.worker.messages import Answer, Here, Infer
from pytest_export_matrix.worker.task import Stages, failure


def run(request: Infer, here: Here, stages: Stages) -> Answer:
    """Fill the folder of the answers. Returns an answer that says only how that ended."""
    stages.begin(Stage.LOAD)
    imported = list(request.extras)
    hidden = package_of(request.own_code)
    if request.with_own_code:
        use_project(here.paths)
        imported.append(request.own_code)
        hidden = ""
    engine = import_engine(request.session, here.paths, hidden, imported)
    others: Tuple[Any, ...] = (here.threads,)
    if request.program:
        others += (request.program, request.extras)  # the program loads them
    else:
        for module in imported:
            resolve(f"{module}:__name__")
    stages.begin(Stage.LOAD)  # again: the session's own module is among the files read by now
    with opened(engine, request.file, request.device, *others) as session:
        ask(session, request, stages)
    return Answer()


@contextlib.contextmanager
def opened(engine: Any, *arguments: Any) -> Iterator[Any]:
    """A session. It is closed afterwards if it has `close`."""
    session = engine(*arguments)
    try:
        yield session
    finally:
        getattr(session, "close", lambda: None)()


def ask(session: Any, request: Infer, stages: Stages) -> None:
    """Make every call of `request` in `session`, which has loaded the file.

    Only the first call of each case counts as a case that ran, and for the latency.
    """
    cases = [read_inputs(each) for each in request.cases]
    seconds: List[float] = []
    for number, position in enumerate(request.calls):
        case = cases[position]
        is_first, place = number < len(cases), case.place
        if number in (0, len(cases)):
            stages.begin(Stage.RUN)  # calls that ask again have a time limit of their own
        if not is_first:
            place += ", asked again"
        stages.note(place, failed_on=[case.shows])
        # A session may write into what it is given: each call gets arrays of its own.
        arguments = [array.copy() for array in case.input]
        began = time.monotonic()
        answer = _call(session, arguments, case, request.convention, place)
        if is_first:
            seconds.append(took(session, time.monotonic() - began))
            stages.known.ran = len(seconds)
            stages.known.latency = latency(seconds) if len(seconds) == len(cases) else {}
        _keep(request.answers, number, answer, place)
    stages.note("after its last answer", failed_on=[])


def took(session: Any, measured: float) -> float:
    """The seconds of the latest call, as the session says, else as `measured` here. Raises Failure
    for what is no time."""
    told = getattr(session, "seconds", measured)
    try:
        seconds = float(told)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise Failure(f"session.seconds is {told!r:.80}, expected the seconds of the call")
    return seconds


def latency(seconds: Sequence[float]) -> Dict[str, float]:
    """The seconds of the first call, and the median of the others where there are any."""
    steady = {"steady": statistics.median(seconds[1:])} if seconds[1:] else {}
    return {"first": seconds[0], **steady}


def _call(session: Any, arrays: List[Any], case: KeptCase, convention: str, place: str) -> Any:
    """What the file answers to `arrays`. A failure names the place."""
    arguments = tuple(arrays)
    if convention == "structured":
        arguments = unflatten(arrays, case.inputs)
    with _at(place):
        return to_arrays(session.run(arguments))


def _keep(folder: str, number: int, answer: Any, place: str) -> None:
    with _at(place):
        keep_answer(folder, number, answer)


@contextlib.contextmanager
def _at(place: str) -> Iterator[None]:
    """Have a failure say at which inputs it happened."""
    try:
        yield
    except Exception as error:
        found = failure(error)
        raise Failure(f"{place}: {found.reason}", found.outcome, found.detail) from error
