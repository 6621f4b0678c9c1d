"""The truth table of the gate, and what an update makes of a baseline."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import cells, failed, passed, result

from pytest_export_matrix.judging.acceptance import differences, gone, updated
from pytest_export_matrix.judging.baseline import Accepted, Baseline
from pytest_export_matrix.judging.verdict import changes, judge
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Outcome

CELL = cells()[0]
FLAKY = failed(flaky=True)
ABSENT = result(outcome=Outcome.UNAVAILABLE)
CRASHED = result(outcome=Outcome.CRASHED, stage="run")
BOXES = failed(deviating=["boxes"])
SCORES = failed(deviating=["scores"])


def baseline(*accepted: Result, **passing: Any) -> Baseline:
    """A baseline with these accepted results, or in which `CELL` passes with this `deviation`."""
    deviations = {CELL.id: passing["deviation"]} if "deviation" in passing else {}
    return Baseline("slim", {r.cell.id: Accepted.of(r) for r in accepted}, deviations)


PASSES = baseline(deviation=1e-6)


@pytest.mark.parametrize(
    ("state", "found", "kind", "fails"),
    [
        # the baseline, what happened, the verdict, whether the gate fails
        (PASSES, passed(1e-6), "passed", False),
        (PASSES, failed(), "broke", True),
        (PASSES, CRASHED, "broke", True),
        (PASSES, FLAKY, "flaky", True),
        (PASSES, ABSENT, "unavailable", False),
        (PASSES, passed(9e-6), "passed", False),
        (PASSES, passed(1e-5), "drifting", False),
        (baseline(deviation=0.0), passed(9e-7), "passed", False),
        (baseline(deviation=0.0), passed(1e-6), "drifting", False),
        (baseline(deviation=None), passed(1.0), "passed", False),
        (baseline(BOXES), BOXES, "accepted", False),
        (baseline(BOXES), SCORES, "changed", True),
        (baseline(BOXES), failed(deviating=["boxes", "scores"]), "changed", True),
        (baseline(BOXES), failed(stage="run"), "changed", True),
        (baseline(BOXES), CRASHED, "changed", True),
        (baseline(CRASHED), CRASHED, "accepted", False),
        (baseline(CRASHED), failed(stage="run"), "changed", True),
        (baseline(BOXES), passed(0.0), "fixed", True),
        (baseline(BOXES), FLAKY, "flaky", True),
        (baseline(BOXES), ABSENT, "unavailable", False),
        (baseline(FLAKY), FLAKY, "accepted", False),
        (baseline(FLAKY), passed(0.0), "passed", False),
        (baseline(FLAKY), failed(), "accepted", False),
        (baseline(FLAKY), failed(stage="run"), "changed", True),
        (baseline(FLAKY), CRASHED, "changed", True),
        (baseline(FLAKY), failed(flaky=True, stage="run"), "flaky", True),
        (baseline(), passed(0.0), "new", False),
        (baseline(), failed(), "new", True),
        (baseline(), FLAKY, "flaky", True),
        (baseline(), ABSENT, "unavailable", False),
        (None, passed(0.0), "passed", False),
        (None, failed(), "failed", True),
        (None, FLAKY, "flaky", True),
        (None, ABSENT, "unavailable", False),
    ],
)
def test_each_result_gets_its_verdict(
    state: Baseline, found: Result, kind: str, fails: bool
) -> None:
    verdict = judge(found, state)
    assert (verdict.kind, verdict.fails) == (kind, fails)


@pytest.mark.parametrize("state", [None, PASSES, baseline(BOXES)])
def test_a_required_cell_must_be_available(state: Baseline) -> None:
    verdict = judge(ABSENT, state, required=True)
    assert (verdict.kind, verdict.fails) == ("missing", True)
    assert "not here" in verdict.sentence
    assert not judge(passed(0.0), PASSES, required=True).fails


def test_if_an_accepted_failure_is_gone_the_sentence_says_what_to_run() -> None:
    sentence = judge(passed(0.0), baseline(BOXES), command="pytest --update").sentence
    assert sentence == (
        "it passes now, but failed at compare (boxes) is accepted; "
        "to accept that it passes: pytest --update"
    )


ENDINGS = st.sampled_from([passed(3e-7), failed(), BOXES, SCORES, CRASHED, FLAKY, ABSENT])


@given(before=st.lists(ENDINGS, max_size=2), now=ENDINGS)
def test_a_result_that_was_accepted_does_not_fail(before: list[Result], now: Result) -> None:
    state: Baseline | None = None
    for each in before:
        state = updated(state, [each], "slim")
    state = updated(state, [now], "slim")
    assert not judge(now, state).fails
    again = updated(state, [now], "slim")
    assert differences(state, again) == []
    assert again == state


class TestUpdate:
    def test_notes_and_issues_stay_with_their_cell(self) -> None:
        entry = Accepted("failed", "compare", ("boxes",), "rounds", "https://example.org/1")
        new = updated(Baseline("slim", {CELL.id: entry}), [CRASHED], "slim")
        assert new.accepted[CELL.id] == Accepted(
            "crashed", "run", (), "rounds", "https://example.org/1"
        )

    def test_a_cell_without_a_result_stays_as_it_was(self) -> None:
        other = cells()[1]
        state = baseline(BOXES, failed(other))
        assert updated(state, [ABSENT], "slim") == state
        assert updated(state, [passed(0.0)], "slim").accepted.keys() == {other.id}

    def test_only_a_whole_run_drops_cells_that_are_gone(self) -> None:
        state = baseline(BOXES, failed(cells("old")[0]))
        assert updated(state, [BOXES], "slim", whole=[CELL.id]).accepted.keys() == {CELL.id}
        assert len(updated(state, [BOXES], "slim").accepted) == 2
        assert gone(state, [CELL.id]) == [cells("old")[0].id]

    def test_a_deviation_is_written_anew_only_if_it_changed_tenfold(self) -> None:
        for now, kept in ((2e-6, 1e-6), (1e-5, 1e-5), (2e-7, 1e-6), (1e-7, 1e-7)):
            assert updated(PASSES, [passed(now)], "slim").passing == {CELL.id: kept}


def test_cells_that_broke_together_are_summed_up_in_one_sentence() -> None:
    every = cells("a", "b")
    state = Baseline("slim", {}, dict.fromkeys((cell.id for cell in every), 0.0))
    found = [failed(c) if c.runtime == "onnxruntime" else passed(0.0, c) for c in every]
    verdicts = {r.cell.id: judge(r, state) for r in found}
    (summary,) = changes(found, verdicts, "baseline").summaries
    assert summary.kind == "broke"
    assert summary.text == "runtime=onnxruntime (12 cells)"
