"""The search for the smallest set of extra modules."""

from __future__ import annotations

from typing import FrozenSet, List, Sequence

from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.extras import Search, search, with_own_code
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

CANDIDATES = ("a", "b", "c", "d")
NAMES = st.sets(st.sampled_from(CANDIDATES)).map(frozenset)


class File:
    """A file that loads with the modules `loads` and answers with `runs` beside them."""

    def __init__(self, loads: FrozenSet[str], runs: FrozenSet[str]) -> None:
        self.loads, self.runs = loads, runs
        self.tried: List[Sequence[str]] = []

    def attempt(self, extras: Sequence[str], own_code: bool = False) -> StepAnswer:
        self.tried.append(tuple(extras))
        there = {*extras, *(["own"] if own_code else [])}
        if not self.loads <= there:
            return StepAnswer(Outcome.FAILED, Stage.LOAD, "unknown operator\nlong")
        if not self.runs <= there:
            return StepAnswer(Outcome.FAILED, Stage.RUN, "no kernel")
        return StepAnswer(Outcome.PASSED, Stage.COMPARE)


@given(NAMES, NAMES)
def test_the_smallest_set_that_helps_is_found(loads: FrozenSet[str], runs: FrozenSet[str]) -> None:
    file = File(loads, runs)
    found = search(CANDIDATES, file.attempt)
    assert set(found.extras) == loads | runs
    assert found.answer.passed
    assert [tuple(trial.extras) for trial in found.trials] == file.tried
    assert len(set(file.tried)) == len(file.tried), "nothing is tried twice"


@given(NAMES)
def test_if_nothing_passes_the_set_that_gets_furthest_is_kept(
    runs: FrozenSet[str],
) -> None:
    found = search(CANDIDATES, File(runs, frozenset(["missing"])).attempt)
    assert set(found.extras) == runs
    assert found.answer.stage is Stage.RUN


@given(NAMES)
def test_if_no_module_helps_no_module_is_kept(runs: FrozenSet[str]) -> None:
    file = File(runs | {"missing"}, frozenset())
    found = search(CANDIDATES, file.attempt)
    assert (found.extras, file.tried) == ([], [(), CANDIDATES])
    assert [trial.reason for trial in found.trials] == ["unknown operator"] * 2


@given(st.integers(0, 5))
def test_if_a_worker_did_not_start_the_search_is_not_settled(which: int) -> None:
    """Whichever attempt it happens to: the result of the search is not kept for other cells."""
    file = File(frozenset("c"), frozenset())
    befallen: List[StepAnswer] = []

    def attempt(extras: Sequence[str]) -> StepAnswer:
        answer = file.attempt(extras)
        if len(file.tried) - 1 != which:
            return answer
        befallen.append(StepAnswer(Outcome.FAILED, Stage.LOAD, "", transient=True))
        return befallen[0]

    found = search(CANDIDATES, attempt)
    assert found.settled == (not befallen)
    assert befallen in ([], [found.answer])


def test_a_wrong_answer_or_a_crash_starts_no_search_for_extras() -> None:
    for ended in (("failed", "compare"), ("crashed", "load"), ("timed_out", "run")):
        answer = StepAnswer(Outcome(ended[0]), Stage(ended[1]))
        assert len(search(CANDIDATES, lambda _, answer=answer: answer).trials) == 1


def test_a_file_that_loads_only_with_the_models_code_fails_and_says_so() -> None:
    file = File(frozenset(["own"]), frozenset())
    found = with_own_code(search((), file.attempt), "models", file.attempt)
    assert found.whole().outcome is Outcome.FAILED
    assert found.whole().reason.startswith("the file needs 'models': the model's own code")
    assert found.whole().extras == []
    assert [trial.extras for trial in found.trials] == [[], ["models"]]


def test_a_file_that_loads_is_not_tried_with_the_models_code() -> None:
    file = File(frozenset(), frozenset(["own"]))
    assert len(with_own_code(search((), file.attempt), "models", file.attempt).trials) == 1


def test_a_crash_or_a_failure_at_run_does_not_settle_the_search() -> None:
    ends = {
        ("passed", "compare"): True,
        ("failed", "load"): True,
        ("failed", "compare"): True,
        ("failed", "run"): False,
        ("crashed", "load"): False,
        ("timed_out", "run"): False,
        ("out_of_memory", "load"): False,
    }
    for (outcome, stage), settled in ends.items():
        assert Search(StepAnswer(Outcome(outcome), Stage(stage))).settled == settled
