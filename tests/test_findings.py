"""docs/findings.md says of each cell that failed what it shows, and of no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_export_matrix.results.file import loads
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def found() -> Results:
    path = ROOT / "reports" / "findings" / "results.json"
    return loads(path.read_text("utf-8"), path.name)


def test_each_failure_has_its_row_and_each_row_its_failure(found: Results) -> None:
    failed = {each.cell.id for each in found.cells if not each.passed}
    page = (ROOT / "docs" / "findings.md").read_text("utf-8")
    assert set(re.findall(r"\| `(\S+)` \|$", page, re.MULTILINE)) == failed


def test_every_failure_is_silent_and_other_engines_answer_the_same_file_rightly(
    found: Results,
) -> None:
    assert found.complete
    for each in found.cells:
        if each.cell.format == "onnx" and each.cell.runtime.startswith("onnx"):
            assert each.passed, each.cell.id
        elif not each.passed:
            assert (each.outcome, each.stage) == (Outcome.FAILED, Stage.COMPARE), each.cell.id
