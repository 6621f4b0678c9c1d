"""Cells are pytest items: the options of pytest work for them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from conftest import CRASHES, DETECTOR, EXPECTED, FILES, RIGHT, RIGHT_DYNAMIC, WRONG, Small

#: A plugin of a project that keeps the cells of an architecture in one process.
GROUPS = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.cell.architecture))
"""
NOT_PASSED = {name: outcome for name, outcome in EXPECTED.items() if outcome != "passed"}


def test_every_cell_is_an_item_and_has_a_result(small: Small) -> None:
    results = small.first.results
    assert small.first.code == pytest.ExitCode.TESTS_FAILED
    assert results["complete"] is True
    assert results["planned"] == sum(results["counts"].values()) == len(EXPECTED)


def test_option_k_picks_cells_by_name(small: Small) -> None:
    run = small.again("-k", "detector or dynamic")
    assert set(run.outcomes) == {DETECTOR, RIGHT_DYNAMIC}
    assert run.code == pytest.ExitCode.OK


def test_option_m_picks_cells_by_their_marker(small: Small) -> None:
    assert small.again("-m", "export_matrix and not slow").outcomes == EXPECTED


def test_option_lf_picks_the_cells_that_failed_last(small: Small) -> None:
    small.again()
    assert small.again("--lf").outcomes == NOT_PASSED


def test_option_x_stops_at_the_first_cell_that_fails(small: Small) -> None:
    run = small.again("-x", reports="stopped")
    assert run.code == pytest.ExitCode.TESTS_FAILED
    assert sum(outcome != "passed" for outcome in run.outcomes.values()) == 1
    assert (run.results["planned"], run.results["complete"]) == (len(EXPECTED), False)


def test_junitxml_has_a_case_for_each_cell(small: Small) -> None:
    small.again("--junitxml=junit.xml")
    suite = ElementTree.parse(small.project.root / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("5", str(len(NOT_PASSED)))
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert set(cases) == set(EXPECTED)
    axes = {p.get("name"): p.get("value") for p in cases[DETECTOR].iter("property")}
    assert axes["architecture"] == "detector"


def test_option_n_gives_the_same_outcomes_and_exports_each_file_once(small: Small) -> None:
    exported = small.project.exports()
    cache = small.project.root.parent / "cache_of_two"

    run = small.again("-n", "2", f"--export-matrix-cache={cache}", reports="two")

    assert run.outcomes == EXPECTED
    assert run.results["complete"] is True
    assert len(small.project.exports()) == len(exported) + FILES


def test_cells_may_be_put_into_groups_for_the_processes_of_option_n(small: Small) -> None:
    (small.project.root / "groups.py").write_text(GROUPS, encoding="utf-8")
    run = small.again("-n", "2", "--dist=loadgroup", "-p", "groups", reports="groups")
    assert (run.outcomes, run.results["complete"]) == (EXPECTED, True), run.output


@pytest.mark.parametrize("folder", ["", "conformance/detectron2/"])
def test_option_n_runs_only_the_cell_whose_id_is_given(small: Small, folder: str) -> None:
    """As pytest's summary has it, with the folder of a project that -c names before it."""
    run = small.project.run("-n", "2", f"{folder}export-matrix::{RIGHT}", reports="pasted")
    assert run.outcomes == {RIGHT: "passed"}


def test_the_command_printed_for_a_failed_cell_runs_exactly_that_cell(small: Small) -> None:
    printed = small.first.rows[WRONG]["repro"]
    assert small.first.output.count(printed) == 1

    run = small.project.run(*printed.split()[1:])

    assert run.outcomes == {WRONG: "failed"}


def test_a_node_id_alone_runs_its_cell_and_needs_no_option(small: Small) -> None:
    words = small.project.command(f"export-matrix::{CRASHES}", reports="pasted")
    run = small.project.run_command([word for word in words if word != "--export-matrix"], "pasted")
    assert run.outcomes == {CRASHES: "crashed"}


def test_without_paths_only_cells_are_collected(small: Small, own_test: Path) -> None:
    run = small.again("-v")
    assert own_test.name not in run.output
    assert f"collected {len(EXPECTED)} items" in run.output


def test_given_paths_are_collected_beside_the_cells(small: Small, own_test: Path) -> None:
    run = small.again("-v", own_test.name)
    assert f"{own_test.name}::test_of_the_project PASSED" in run.output
    assert run.outcomes == EXPECTED


@pytest.fixture
def own_test(small: Small) -> Path:
    file = small.project.root / "test_own.py"
    file.write_text("def test_of_the_project(): pass\n", encoding="utf-8")
    return file
