"""Whatever happens to a store and to those who use it, what it gives is right.

The faults are those of `miniatures.faults`; the worker is a stand-in. `acceptance/test_faults.py`
does the same to whole runs.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any, Dict, List

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from miniatures.faults import ON_DISK, PLACING, POINTS, Died, Fault, inject, parse
from test_step import DAY, Written

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.vocabulary.errors import CacheError
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

OF_A_STORE = [point for point, (owner, _) in POINTS.items() if owner is Store]
PARTS = ["a", "b", "c"]
#: What the stand-in answers about each part: two are right, one fails.
ANSWERS = {part: StepAnswer(note=part) for part in PARTS}
ANSWERS["c"] = StepAnswer(Outcome.FAILED, Stage.EXPORT, "no operator", note="c")


class Tireless:
    """Stands in for a dispatcher: answers about each part as often as it is asked."""

    under_limits = DAY

    def stopped(self) -> bool:
        return False

    def about(self, part: str) -> StepAnswer:
        return StepAnswer(**vars(ANSWERS[part]))


def run(folder: Path) -> Dict[str, StepAnswer]:
    """What a run finds out, in a store that it opens."""
    worker: Any = Tireless()
    return Written(Remembered(Store(folder), str), worker).answers(
        PARTS, lambda answer, format: True
    )


def assert_right(found: Dict[str, StepAnswer]) -> None:
    for part in PARTS:
        assert (found[part].note, found[part].outcome) == (part, ANSWERS[part].outcome)
        assert found[part].flaky is None


AT_ANY_POINT = [(point, action) for point in OF_A_STORE for action in (*ON_DISK, "die")]
faults = st.builds(
    lambda what, time: Fault(what[0], time, what[1]),
    st.sampled_from([*AT_ANY_POINT, *(("place", action) for action in PLACING)]),
    st.integers(1, 8),
)
schedules = st.lists(faults, max_size=4)


RUNS = st.lists(schedules, min_size=1, max_size=3)


def assert_undisturbed(folder: Path, runs: List[List[Fault]], seed: int) -> None:
    """In `folder`, each of `runs` is disturbed by its faults; then two are not."""
    root = Store(folder).root
    random.seed(seed)
    for faults in runs:
        with inject(faults, root) as happened:
            try:
                found = run(folder)
            except (Died, CacheError):
                assert {fault.action for fault in happened} & {"die", "find the disk full"}
            else:
                assert_right(found)
    for _ in range(2):
        found = run(folder)
        assert_right(found)
        assert (Path(found["a"].folder) / "file").read_text() == "a"
    assert all(answer.cached for answer in found.values())


@given(RUNS, st.integers(0, 99))
@example([parse("place 2: die")], 0)
@example([parse("place 1: be overtaken, look up 5: take another entry")], 0)
@example([[], parse("look up 1: flip a bit, lock 1: cut a file")], 0)
@example([[], parse("look up 2: remove an entry, place 1: find the disk full")], 0)
def test_the_answers_are_those_of_an_undisturbed_run(
    tmp_path_factory: pytest.TempPathFactory, runs: List[List[Fault]], seed: int
) -> None:
    assert_undisturbed(tmp_path_factory.mktemp("faults"), runs, seed)


@pytest.mark.long
@settings(max_examples=20_000)
@given(RUNS, st.integers(0, 99))
def test_so_they_are_after_twenty_thousand_schedules(
    tmp_path_factory: pytest.TempPathFactory, runs: List[List[Fault]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("faults")
    assert_undisturbed(folder, runs, seed)
    shutil.rmtree(folder)
