"""The task `compare`: compare what an engine has answered with the eager answers.

Stage `compare`. No code of the engine is imported here: its answers are files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Optional, Sequence

from pytest_export_matrix.compare.answers import Comparison, KeptCase, compare
from pytest_export_matrix.vocabulary.entries import FULL, OutputKind
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage
from pytest_export_matrix.vocabulary.pytrees import TreeSpec
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.calls import read_answers
from pytest_export_matrix.worker.cases import read
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.messages import Answer, Compare, Here
from pytest_export_matrix.worker.task import Stages

LEAKS = "answers otherwise when asked again: state leaks from one call to the next"


def run(request: Compare, here: Here, stages: Stages) -> Answer:
    """Returns the comparison; the outcome is failed where an answer deviates too far."""
    stages.begin(Stage.COMPARE)
    use_project(here.paths)
    resolve(request.outputs.compare)
    stages.begin(Stage.COMPARE)  # again: the comparison's own module is among the files read by now
    answers = read_answers(request.answers, len(request.calls))
    cases = [read(folder, request.precision) for folder in request.cases]
    stages.known.ran = len(cases)
    structures = None
    if request.convention != "structured":
        # The structure of the model's answer at export: if a file answers for other images than it
        # was asked about, the number of its tensors differs.
        structures = [request.exported_outputs or case.outputs for case in cases]
    found = compare_calls(cases, request.calls, answers, request.outputs, structures)
    if request.precision != FULL and request.outputs.measure:
        note = f"judged by how the eager model answers when all is rounded to {request.precision}"
        found.notes.append(note)
    stages.known.failed_on = found.failed_on
    outcome = Outcome.FAILED if found.reason else Outcome.PASSED
    return Answer(outcome, reason=found.reason, compared=found)


def compare_calls(
    cases: Sequence[KeptCase],
    calls: Sequence[int],
    answers: Sequence[Any],
    kind: OutputKind,
    structures: Optional[Sequence[TreeSpec]] = None,
) -> Comparison:
    """Compare the answers of `calls`: first one for each of `cases`, then those asked again.

    An answer that is wrong when asked again, where the first one was right, shows that state leaks
    from one call to the next. Where the first one was wrong already, it shows nothing more.
    """

    def compared(asked: Sequence[KeptCase], numbers: Sequence[int]) -> Comparison:
        """Of the calls `numbers`, which asked about the cases `asked`."""
        into = structures and [structures[calls[number]] for number in numbers]
        return compare(asked, [answers[number] for number in numbers], kind, into)

    found = compared(cases, range(len(cases)))

    def was_right(position: int) -> bool:
        return not found.reason or not compared([cases[position]], [position]).reason

    numbers = [n for n in range(len(cases), len(calls)) if was_right(calls[n])]
    if not numbers:
        return found
    asked = [_asked_again(cases[calls[n]], after=cases[calls[n - 1]]) for n in numbers]
    again = compared(asked, numbers)
    if not again.reason:
        return found
    shows = {each.shows: cases[calls[n]].shows for each, n in zip(asked, numbers)}
    failed_on = [*found.failed_on, *(shows[each] for each in again.failed_on)]
    return replace(
        found if found.reason else again,
        reason="\n".join(filter(None, [found.reason, f"{LEAKS}; {again.reason}"])),
        failed_on=list(dict.fromkeys(failed_on)),
        deviating=sorted({*found.deviating, *again.deviating}),
        notes=found.notes,
        proves_nothing=found.proves_nothing,
    )


def _asked_again(case: KeptCase, after: KeptCase) -> KeptCase:
    """`case`, which also says which call came before."""
    words: List[str] = [case.label] if case.label else []
    return replace(case, label=", ".join([*words, f"asked again after the call {after.place}"]))
