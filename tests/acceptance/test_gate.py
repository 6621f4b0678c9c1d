"""The gate compares a run with what was accepted: what the user sees of each planted change."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Iterator

import pytest
from conftest import ONE_LANE, refused
from miniatures.project import Project, Run, cell

RIGHT = cell(method="counts")
WRONG = cell(method="counts", runtime="off_by_one_percent")
CRASHES = cell(method="counts", runtime="segfaults_on_run")
FAILS = cell(method="counts", runtime="fails_every_time")
ON_GPU = cell(method="counts", device="cuda")
CELLS = (RIGHT, WRONG, CRASHES, FAILS)
BASELINE = "--export-matrix-baseline=baseline.json"
BOTH_DEVICES = "--export-matrix-devices=cpu,cuda"
UPDATE = "--export-matrix-update"


class Gated:
    """A project whose first run was accepted as it is."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root, "classifier")
        self.first = self.run(UPDATE)
        self.accepted, self.first_tries = self.baseline.read_text("utf-8"), self.tries()

    @property
    def baseline(self) -> Path:
        return self.project.root / "baseline.json"

    def run(self, *arguments: str, cells: tuple[str, ...] = CELLS) -> Run:
        return self.project.run(*ONE_LANE, BASELINE, BOTH_DEVICES, *arguments, cells=cells)

    def tries(self) -> int:
        """How many times the cell `FAILS` was run."""
        return len((self.project.root / "failed_runs.log").read_text())

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.project.root / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    return Gated(tmp_path_factory.mktemp("gated") / "project")


@pytest.fixture
def gated(once: Gated) -> Iterator[Gated]:
    """The accepted project. What a test edits is put back afterwards."""
    names = ("sessions.py", "exporters.py")
    before = {name: (once.project.root / name).read_text("utf-8") for name in names}
    yield once
    for name, text in before.items():
        (once.project.root / name).write_text(text, encoding="utf-8")
    once.baseline.write_text(once.accepted, encoding="utf-8")


def test_one_option_accepts_the_results_of_today(gated: Gated) -> None:
    assert gated.first.code == 0, gated.first.output
    assert "1 passed, 3 xfailed" in gated.first.output
    assert "3 failures accepted, 1 cells pass" in gated.first.output
    data = json.loads(gated.accepted)
    assert data["accepted"] == [
        {"cell": FAILS, "outcome": "failed", "stage": "run"},
        {"cell": WRONG, "outcome": "failed", "stage": "compare", "outputs": ["largest", "mean"]},
        {"cell": CRASHES, "outcome": "crashed", "stage": "run"},
    ]
    (passing,) = data["passing"]
    assert passing["cells"] == RIGHT.removesuffix("-fixed-1")


def test_accepted_results_pass_the_gate(gated: Gated) -> None:
    run = gated.run()
    assert run.code == 0
    assert "1 passed, 3 xfailed" in run.output
    assert "against baseline baseline.json: nothing changed" in run.output
    assert gated.baseline.read_text("utf-8") == gated.accepted


def test_outputs_that_change_by_one_percent_fail_the_gate(gated: Gated) -> None:
    wrong = "    def run(self, given):\n        return [a * 1.01 for a in super().run(given)]\n"
    head = "class AnswersRightly(Session):\n"
    gated.edit("sessions.py", f"{head}    pass", f"{head}{wrong}")
    run = gated.run()
    assert run.code == 1
    assert f"broke (passed before, does not now): {RIGHT}" in run.output
    assert " 1 failed at compare (largest, mean)" in run.output
    assert "1 failed, 3 xfailed" in run.output


def test_an_export_that_starts_failing_fails_the_gate(gated: Gated) -> None:
    gated.edit("exporters.py", 'open("exports.log", "a"', 'open("no/such/folder", "a"')
    run = gated.run()
    assert run.code == 1
    assert " failed at export" in run.output
    # The other cells failed before too, but at run or compare: now their failure is another one.
    assert "changed (did not pass before either, but in another way)" in run.output
    assert "4 failed" in run.output


def test_a_cell_that_starts_passing_fails_the_gate_until_it_is_accepted(gated: Gated) -> None:
    gated.edit("sessions.py", "array * 1.01 if", "array if")
    run = gated.run()
    assert run.code == 1
    command = f"pytest --export-matrix {BASELINE} {UPDATE} export-matrix::{WRONG}"
    assert "it passes now, but failed at compare (largest, mean) is accepted" in run.output
    assert command in run.output

    one = gated.project.run(*ONE_LANE, BASELINE, UPDATE, f"export-matrix::{WRONG}")
    assert one.code == 0, one.output
    assert gated.run().code == 0


def test_the_command_of_a_cell_names_the_configuration_that_was_given(gated: Gated) -> None:
    (gated.project.root / "other.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")
    run = gated.project.run(*ONE_LANE, "-c", "other.ini", cells=(WRONG,))
    assert f"pytest -c other.ini --export-matrix export-matrix::{WRONG}" in run.output


def test_another_failure_than_the_accepted_one_fails_the_gate(gated: Gated) -> None:
    gated.edit("sessions.py", "return ctypes.string_at(0)", 'raise RuntimeError("polite")')
    run = gated.run()
    assert run.code == 1
    assert " 1 failed at run: " in run.output
    assert "accepted is another failure: crashed at run" in run.output


def test_only_new_failures_are_run_once_more(gated: Gated) -> None:
    assert gated.first_tries == 2
    before = gated.tries()
    gated.run("--export-matrix-no-cache")
    assert gated.tries() == before + 1


def test_an_unavailable_cell_fails_the_gate_only_if_it_is_required(gated: Gated) -> None:
    cells = (RIGHT, ON_GPU)
    run = gated.run(cells=cells)
    assert run.code == 0
    assert "1 passed, 1 skipped" in run.output
    assert "1 unavailable" in run.output

    run = gated.run("--export-matrix-require=device=cuda", cells=cells)
    assert run.code == 1
    assert f"{ON_GPU}: unavailable: required, but unavailable" in run.output
    assert "missing (unavailable here, though required)" in run.output


def test_the_axes_and_the_verdict_are_in_the_junit_report(gated: Gated) -> None:
    gated.run("--junitxml=junit.xml")
    cases = ET.parse(gated.project.root / "junit.xml").getroot().iter("testcase")
    found = {
        case.attrib["name"]: {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        for case in cases
    }
    assert found[WRONG]["runtime"] == "off_by_one_percent"
    assert found[WRONG]["outcome"] == "failed"
    assert (found[WRONG]["verdict"], found[RIGHT]["verdict"]) == ("accepted", "passed")


def test_github_actions_gets_annotations_and_a_summary(
    gated: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    gated.edit("sessions.py", "return ctypes.string_at(0)", 'raise RuntimeError("polite")')
    run = gated.run()
    assert "::error title=changed%3A 1 cell failed at run::" in run.output
    summary = (tmp_path / "summary.md").read_text("utf-8")
    assert "| Other sizes" in summary
    assert f"- changed: 1 cell failed at run: polite ({CRASHES} at " in summary


def test_several_processes_give_the_same_verdicts(gated: Gated) -> None:
    run = gated.run("-n", "2")
    assert run.code == 0
    assert "1 passed, 3 xfailed" in run.output


class TestFlaky:
    """A cell that fails and then passes when it is run once more is flaky."""

    CELLS = (
        cell("fails_the_first_time"),
        cell(runtime="fails_the_first_time"),
        cell(method="fails_the_first_time"),
    )

    def test_a_flaky_cell_fails_the_gate_and_can_be_accepted(self, tmp_path: Path) -> None:
        project = Project(tmp_path / "project", "classifier", "fails_the_first_time")
        run = project.run(*ONE_LANE, cells=self.CELLS)

        assert run.code == 1
        for name, stage in zip(self.CELLS, ("build", "run", "export")):
            row = run.rows[name]
            assert (row["outcome"], row["stage"], row["flaky"]) == ("failed", stage, True)
            assert name in run.output and f" flaky at {stage}: " in run.output
        assert "3 failed" in run.output

        cached = project.run(*ONE_LANE, BASELINE, UPDATE, cells=self.CELLS)
        assert all(row["flaky"] for row in cached.rows.values() if row["stage"] != "build")
        accepted = project.run(*ONE_LANE, BASELINE, cells=self.CELLS)
        assert accepted.code == 0, accepted.output


def test_a_kill_from_outside_is_neither_judged_nor_remembered(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", "classifier")
    killed = cell(method="is_killed_the_first_time")
    for cached in (False, True):
        run = project.run(*ONE_LANE, cells=[killed])
        assert (run.code, run.outcomes) == (0, {killed: "passed"}), run.output
        assert (run.rows[killed]["flaky"], run.rows[killed]["cached"]) == (False, cached)


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (None, "there is no such file"),
            ('{"format_version": 1,', "truncated or no JSON"),
            ('{"format_version": 9}', "format 9 is newer"),
            ('{"format_version": 1, "profile": "slim", "accepted": 7}', "malformed"),
            ('{"format_version": 1, "profile": "full", "accepted": [], "passing": []}', "'full'"),
        ],
    )
    def test_a_bad_baseline_is_refused(self, gated: Gated, text: str | None, said: str) -> None:
        gated.baseline.unlink()
        if text is not None:
            gated.baseline.write_text(text, encoding="utf-8")
        refused(gated.run(), "baseline", said)

    def test_a_baseline_with_a_cell_that_is_gone_is_refused(self, gated: Gated) -> None:
        whole = Project(gated.project.root.parent / "other", "classifier")
        (whole.root / "baseline.json").write_text(
            gated.accepted.replace("off_by_one_percent", "off_by_two_percent"), encoding="utf-8"
        )
        refused(
            whole.run(BASELINE), "1 of its cells are not in the matrix", f"did you mean '{WRONG}'"
        )

    @pytest.mark.parametrize(
        ("option", "said"),
        [
            ("--export-matrix-update", "no baseline is named"),
            ("--export-matrix-shard=3/2", "not PART/PARTS"),
            ("--export-matrix-require=runtime=answers_rigthly", "did you mean 'answers_rightly'"),
        ],
    )
    def test_a_bad_option_is_refused(self, gated: Gated, option: str, said: str) -> None:
        refused(gated.project.run(option, cells=CELLS), said)


class TestShards:
    def test_three_shards_combine_to_the_results_of_a_single_run(self, gated: Gated) -> None:
        from pytest_export_matrix.cli import main

        project = gated.project
        cells = [
            cell(method="counts", batch=batch, resolution=resolution)
            for batch in ("1", "2", "dynamic")
            for resolution in ("fixed", "dynamic")
        ]
        log = project.root / "exports.log"
        log.unlink()
        whole = project.run(*ONE_LANE, "--export-matrix-no-cache", cells=cells, reports="whole")
        files = len(project.exports())
        log.unlink()

        for part in ("1/3", "2/3", "3/3"):
            options = (f"--export-matrix-shard={part}", "--export-matrix-no-cache")
            run = project.run(*ONE_LANE, *options, cells=cells, reports=part)
            assert run.code in (0, 1), run.output
            assert run.results["shard"] == part

        assert len(project.exports()) == files
        combined = project.root / "combined.json"
        parts = [str(project.root / part / "results.json") for part in ("1/3", "2/3", "3/3")]
        main(["combine", *parts, "-o", str(combined)])
        assert outcomes(combined) == whole.outcomes

    def test_a_shard_without_cells_is_no_failure(self, gated: Gated) -> None:
        run = gated.project.run(
            *ONE_LANE, "--export-matrix-shard=7/9", cells=[RIGHT], reports="empty"
        )
        assert run.code == 0, run.output
        assert run.results["cells"] == []
        assert run.results["complete"] is True


def outcomes(path: Path) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in json.loads(path.read_text("utf-8"))["cells"]}
