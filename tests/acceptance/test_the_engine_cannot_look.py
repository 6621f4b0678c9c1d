"""An engine gets the file and the inputs. It passes by its own answers, as they come, or not.

Some engines look for the right answer, some falsify what becomes of theirs, some remember what they
should forget.
"""

from __future__ import annotations

from typing import Any, Dict

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

CONFTEST = """
import inspect

import forgetful
import onlookers
import pytest_export_matrix as em
import registration
from pytest_export_matrix.execution.workers.dispatcher import EXPORT_PRELOAD


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier", "detector"])
    for module in (forgetful, onlookers):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__:
                registry.add(
                    em.Runtime(
                        name,
                        formats=["torchscript"],
                        session=f"{module.__name__}:{name}",
                        modules=["torch"],
                        preload=EXPORT_PRELOAD,
                    )
                )
"""
ZEROS, WRONG = "values outside tolerance", "4 of 4 inputs answered wrongly"
LEAKS = "answers otherwise when asked again: state leaks from one call to the next"
FIXED, DYNAMIC = "at [1, 3, 24, 32]", "at [1, 3, 16, 40]"
#: How each engine ends: outcome, stage, and what the reason says.
ENDINGS: Dict[str, Any] = {
    # They look for the right answer, and find none.
    "LooksIntoFrames": ("failed", "compare", ZEROS),
    "LooksIntoMemory": ("failed", "compare", ZEROS),
    "LooksIntoFiles": ("failed", "compare", ZEROS),
    # They falsify what becomes of their wrong answers.
    "PatchesNumpy": ("failed", "compare", WRONG),
    "PatchesJson": ("failed", "compare", WRONG),
    "WritesThatItPassed": ("failed", "compare", "ended without an answer to 5 of 5 calls"),
    "AnswersMoreThanItIsAsked": (
        "failed",
        "compare",
        "the engine left more than its answers: '99.npz'",
    ),
    "SpoilsAnAnswer": ("failed", "compare", "the answer 0.npz cannot be read"),
    "ReplacesAnAnswerByALink": ("failed", "compare", "the answer 0.npz is no file of its own"),
    "ExitsAfterTwoAnswers": ("crashed", "run", f"{FIXED}: ended with exit code 0"),
    # What they answered was right when it came.
    "HandsOutOneBuffer": ("passed", "compare", None),
    "WritesIntoItsInputs": ("passed", "compare", None),
    # They are right at first.
    "GivesTheLastAnswerAgain": ("failed", "compare", LEAKS),
    "RaisesWhenAskedAgain": (
        "failed",
        "run",
        f"{FIXED}, asked again: RuntimeError: this stream has ended",
    ),
    "SegfaultsWhenAskedAgain": ("crashed", "run", f"{FIXED}, asked again: killed by SIGSEGV"),
    "IsOffByOnePercentThroughout": ("failed", "compare", WRONG),
    # No file can hold what they answer.
    "AnswersWords": ("failed", "run", f"{FIXED}: it answered an array of dtype <U3"),
    "AnswersObjects": ("failed", "run", f"{FIXED}: it answered an array of dtype object"),
}
LEAVES_ROWS = cell("classifier", runtime="LeavesRows", resolution="dynamic")
LEAVES_ROWS_FIXED = cell("classifier", runtime="LeavesRows")
ONE_BUFFER_DYNAMIC = cell("classifier", runtime="HandsOutOneBuffer", resolution="dynamic")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("engines")
    project = Project(folder / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    cells = [cell(runtime=name) for name in ENDINGS]
    cells += [LEAVES_ROWS, LEAVES_ROWS_FIXED, ONE_BUFFER_DYNAMIC]
    (folder / "temporary").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        # Other tests that run at the same time have right answers in the usual one.
        patch.setenv("TMPDIR", str(folder / "temporary"))
        return project.run(*ONE_LANE, cells=cells)


@pytest.mark.parametrize("engine", ENDINGS)
def test_each_engine_is_judged_by_its_own_answers(run: Run, engine: str) -> None:
    outcome, stage, reason = ENDINGS[engine]
    row = run.rows[cell(runtime=engine)]
    assert (row["outcome"], row["stage"]) == (outcome, stage), row["reason"]
    assert (reason or "") in (row["reason"] or "")


def test_a_buffer_that_is_overwritten_holds_the_right_answer_at_every_size(run: Run) -> None:
    assert run.outcomes[ONE_BUFFER_DYNAMIC] == "passed", run.rows[ONE_BUFFER_DYNAMIC]["reason"]


def test_a_small_image_that_is_wrong_only_after_a_large_one_shows_that_state_leaks(
    run: Run,
) -> None:
    row = run.rows[LEAVES_ROWS]
    assert (row["outcome"], row["stage"]) == ("failed", "compare")
    again = "at [1, 3, 16, 40] (asked again after the call at [1, 3, 48, 32])"
    assert LEAKS in row["reason"] and again in row["reason"]
    assert run.outcomes[LEAVES_ROWS_FIXED] == "passed", "there is no larger image"


def test_a_wrong_answer_that_stays_the_same_is_no_leak(run: Run) -> None:
    assert LEAKS not in run.rows[cell(runtime="IsOffByOnePercentThroughout")]["reason"]


def test_a_leak_names_the_outputs_and_how_far_they_are_off(run: Run) -> None:
    row = run.rows[cell(runtime="GivesTheLastAnswerAgain")]
    assert row["deviating"] == ["largest", "mean"]
    assert row["deviation"]["mean"]["max_abs"] > 0.01
    assert row["failed_on"] == ["ordinary"]


def test_calls_that_ask_again_are_no_cases_of_their_own(run: Run) -> None:
    for name in ("HandsOutOneBuffer", "GivesTheLastAnswerAgain", "SegfaultsWhenAskedAgain"):
        row = run.rows[cell(runtime=name)]
        assert len(row["ran_at"]) == 4
        assert set(row["latency"]) == {"first", "steady"}


def test_a_reason_names_no_folder_of_this_machine(run: Run) -> None:
    reasons = [row["reason"] for row in run.rows.values() if row["reason"]]
    assert not [text for text in reasons if "/tmp" in text or str(run.reports.parents[1]) in text]
