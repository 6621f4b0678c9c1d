"""What GitHub Actions is told."""

from __future__ import annotations

from pathlib import Path

from states import cells, failed, passed, results

from pytest_export_matrix.judging.baseline import Baseline
from pytest_export_matrix.judging.verdict import Verdict, changes, judge
from pytest_export_matrix.reporting import github
from pytest_export_matrix.results.results import Results

EVERY = cells("a", "b")
STATE = Baseline("slim", {}, dict.fromkeys((cell.id for cell in EVERY), 1e-7))


def broken() -> tuple[Results, dict[str, Verdict]]:
    """One runtime broke, one cell drifts."""
    found = [
        failed(c, reason="100% wrong,\nindeed: yes", repro="pytest x")
        if c.format == "onnx"
        else passed(1e-7, c)
        for c in EVERY
    ]
    found[0] = passed(1e-5, EVERY[0])
    verdicts = {r.cell.id: judge(r, STATE) for r in found}
    return results(found, changes=changes(found, verdicts, "baseline b.json")), verdicts


def test_outside_of_github_actions_nothing_is_printed() -> None:
    said: list[str] = []
    github.report(*broken(), {}, said.append)
    assert said == []


def test_each_cause_gets_an_annotation() -> None:
    error, warning = github.commands(*broken())
    assert error.startswith("::error title=broke%3A 12 cells failed at compare::100%25 wrong,%0A")
    assert error.endswith("pytest x")
    assert warning.startswith("::warning title=drifting%3A " + EVERY[0].id)


def test_no_more_annotations_are_printed_than_github_shows() -> None:
    found = [failed(c) if i % 2 else passed(1e-7, c) for i, c in enumerate(cells(*"abcdefgh"))]
    odd = [failed(c) if hash(c.id) % 2 else passed(0.0, c) for c in cells(*"abcdefgh")]
    for each in (found, odd):
        verdicts = {r.cell.id: judge(r, None) for r in each}
        said = list(github.commands(results(each), verdicts))
        assert 1 <= len(said) <= github.ANNOTATIONS + 1


def test_the_summary_holds_the_table_and_the_changes(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    said: list[str] = []
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}
    github.report(*broken(), environ, said.append)
    text = path.read_text("utf-8")
    assert text.startswith("before\n## Export matrix")
    assert "| Other sizes" in text
    assert "broke (passed before, does not now): runtime=onnxruntime (12 cells)" in text
    assert "12 cells fail" in text
    assert "- broke: 12 cells failed at compare: 100% wrong, (a-tracing-onnx" in text
    assert len(said) == 2
