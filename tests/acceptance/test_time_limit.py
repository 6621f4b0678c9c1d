"""A subject that hangs is ended at the time limit of its stage, and that is remembered."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

HANGS = {
    cell(method="hangs"): "export",
    cell(runtime="hangs_on_run"): "run",
}
RIGHT = [cell(), cell(runtime="off_by_one_percent")]
SECONDS = "8"


class TwoRuns(NamedTuple):
    first: Run
    second: Run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    project = Project(tmp_path_factory.mktemp("hanging") / "project", "classifier")
    cells = [*HANGS, *RIGHT]
    options = (*ONE_LANE, "--export-matrix-timeout", SECONDS)
    return TwoRuns(
        project.run(*options, cells=cells, reports="first"),
        project.run(*options, cells=cells, reports="second"),
    )


@pytest.mark.parametrize(("name", "stage"), HANGS.items())
def test_a_subject_that_hangs_times_out_at_its_stage(runs: TwoRuns, name: str, stage: str) -> None:
    row = runs.first.rows[name]
    assert (row["outcome"], row["stage"]) == ("timed_out", stage)
    assert row["reason"].endswith(f"no end after {SECONDS} s")
    assert row["reason"].startswith("at [1, 3, ") == (stage == "run")


def test_a_time_out_does_not_affect_other_cells(runs: TwoRuns) -> None:
    assert [runs.first.outcomes[name] for name in RIGHT] == ["passed", "failed"]
    assert runs.first.results["complete"] is True


def test_time_outs_and_failures_are_remembered(runs: TwoRuns) -> None:
    assert all(row["cached"] for row in runs.second.rows.values())
    assert runs.second.outcomes == runs.first.outcomes
