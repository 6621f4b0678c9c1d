"""The command export-matrix, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from states import cells, failed, passed, results

from pytest_export_matrix.cli import main
from pytest_export_matrix.judging.baseline import Accepted, Baseline, load
from pytest_export_matrix.judging.baseline import dumps as dumps_baseline
from pytest_export_matrix.reporting.document_tables import TABLES
from pytest_export_matrix.results.file import dumps
from pytest_export_matrix.results.result import Result

EVERY = cells("a", "b")
GREEN = [passed(1e-7, cell) for cell in EVERY]
RED = [failed(EVERY[0], deviating=["boxes"]), *GREEN[1:]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    save("green.json", GREEN)
    save("red.json", RED)
    save("one.json", GREEN[::2], shard="1/2")
    save("two.json", GREEN[1::2], shard="2/2")
    return tmp_path


def save(name: str, found: list[Result], shard: str | None = None) -> None:
    Path(name).write_text(dumps(results(found, EVERY, shard=shard)), encoding="utf-8")


def accept(*found: Result) -> None:
    entries = {r.cell.id: Accepted.of(r) for r in found if not r.passed}
    passing = {r.cell.id: 1e-7 for r in found if r.passed}
    Path("b.json").write_text(dumps_baseline(Baseline("slim", entries, passing)), encoding="utf-8")


def test_two_shards_are_combined_and_gated(capsys: pytest.CaptureFixture[str]) -> None:
    accept(*GREEN)
    assert main(["combine", "one.json", "two.json", "-o", "out/all.json"]) == 0
    assert json.loads(Path("out/all.json").read_text())["complete"] is True
    assert main(["gate", "out/all.json", "--baseline", "b.json"]) == 0
    assert "nothing changed" in capsys.readouterr().out


def test_the_gate_fails_if_a_shard_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    accept(*GREEN)
    assert main(["combine", "one.json", "-o", "all.json"]) == 1
    assert "missing: shard 2/2" in capsys.readouterr().out
    for part in ("all.json", "one.json"):
        assert main(["gate", part, "--baseline", "b.json"]) == 1
        assert "12 of 24 cells have a result" in capsys.readouterr().out


def test_a_regression_fails_the_gate(capsys: pytest.CaptureFixture[str]) -> None:
    accept(*GREEN)
    assert main(["gate", "red.json", "--baseline", "b.json"]) == 1
    said = capsys.readouterr().out
    assert "broke (passed before, does not now): " + EVERY[0].id in said


def test_an_update_accepts_a_regression(capsys: pytest.CaptureFixture[str]) -> None:
    accept(*GREEN)
    assert main(["gate", "red.json", "--baseline", "b.json", "--update"]) == 0
    assert "1 failures accepted, 23 cells pass" in capsys.readouterr().out
    assert load(Path("b.json")).accepted[EVERY[0].id].outputs == ("boxes",)
    assert main(["gate", "red.json", "--baseline", "b.json"]) == 0
    assert main(["gate", "green.json", "--baseline", "b.json"]) == 1


def test_a_cell_of_the_baseline_that_is_not_in_the_matrix_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    accept(*GREEN, passed(0.0, cells("vanished")[0]))
    assert main(["gate", "green.json", "--baseline", "b.json"]) == 4
    assert "1 of its cells are not in the matrix: vanished-" in capsys.readouterr().err


def test_diff_fails_if_something_broke(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "green.json", "red.json"]) == 1
    assert "broke" in capsys.readouterr().out
    assert main(["diff", "red.json", "green.json", "--format", "md"]) == 0
    assert main(["diff", "green.json", "green.json", "--format", "json"]) == 0


@pytest.mark.parametrize("format", ["md", "rst", "html", "csv", "json"])
def test_the_table_is_printed_in_every_format(
    format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", "red.json", "--format", format]) == 0
    said = capsys.readouterr().out
    assert "Other sizes" in said
    if format == "json":
        (table,) = json.loads(said)["tables"]
        assert (table["title"], table["device"]) == ("Export support on cpu", "cpu")
        assert table["columns"] == ["", "tracing"]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_printed_of_all_cells_or_of_a_part(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", "red.json", "--table", table, "--select", "format=onnx"]) == 0
    said = capsys.readouterr().out
    assert "- 12 cells planned" in said and "PyTorch" not in said


def test_a_table_of_cells_that_are_not_there_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["table", "red.json", "--select", "format=onxx"]) == 4
    said = capsys.readouterr().err
    assert "--select 'format=onxx': no format 'onxx'; did you mean 'onnx'?" in said


def test_report_shows_and_writes_what_the_run_did(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "red.json", "--against", "green.json", "--reports", "out"]) == 0
    said = capsys.readouterr().out
    assert "24 cells planned: 23 passed, 1 failed" in said
    assert "against green.json:" in said
    assert (folder / "out" / "results.json").read_text() == (folder / "red.json").read_text()
    assert "Other sizes" in (folder / "out" / "support_table.md").read_text("utf-8")


MARKERS = "before\n\n<!-- export-matrix: begin -->\n<!-- export-matrix: end -->\n\nafter\n"


def test_documents_are_rewritten_and_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder / "page.md"
    page.write_text(MARKERS, encoding="utf-8")
    assert main(["docs", "--check", "page.md", "red.json"]) == 1
    said = capsys.readouterr().out
    assert "+| Other sizes |" in said
    assert "to mend that: export-matrix docs page.md red.json" in said
    assert page.read_text("utf-8") == MARKERS

    assert main(["docs", "page.md", "red.json"]) == 0
    assert main(["docs", "--check", "page.md", "red.json"]) == 0
    text = page.read_text("utf-8")
    page.write_text(text.replace("Other sizes", "Dynamic revolution"), encoding="utf-8")
    assert main(["docs", "--check", "page.md", "red.json"]) == 1


def test_if_one_document_is_bad_no_document_is_rewritten(folder: Path) -> None:
    (folder / "good.md").write_text(MARKERS, encoding="utf-8")
    (folder / "bad.md").write_text("no markers\n", encoding="utf-8")
    assert main(["docs", "good.md", "bad.md", "red.json"]) == 4
    assert (folder / "good.md").read_text("utf-8") == MARKERS


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "nothing.json"],
        ["combine", "green.json", "nothing.json"],
        ["diff", "green.json", "broken.json"],
        ["gate", "green.json", "--baseline", "nothing.json"],
        ["gate", "green.json", "--baseline", "broken.json"],
        ["gate", "green.json", "--baseline", "b.json", "--require", "runtime=onnxrntime"],
    ],
)
def test_bad_input_gives_one_clear_message(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    accept(*GREEN)
    Path("broken.json").write_text('{"format_version": 1,', encoding="utf-8")
    assert main(arguments) == 4
    said = capsys.readouterr()
    assert said.err.startswith("ERROR: ")
    assert "Traceback" not in said.err


def test_the_command_needs_no_torch_and_no_pytest() -> None:
    import subprocess
    import sys

    code = (
        "import sys, pytest_export_matrix.cli;"
        "print([m for m in ('torch', 'numpy', 'pytest', '_pytest') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_shard_is_not_the_whole_matrix_even_if_it_has_all_cells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    save("shard.json", GREEN, shard="1/3")
    accept(*GREEN)
    assert main(["gate", "shard.json", "--baseline", "b.json"]) == 1
    assert "24 of 24 cells have a result, shard 1/3" in capsys.readouterr().out


def test_cells_on_a_device_that_was_not_planned_have_not_vanished() -> None:
    on_gpu = GREEN[0].cell._replace(device="cuda")
    accept(*GREEN, passed(0.0, on_gpu))
    assert main(["gate", "green.json", "--baseline", "b.json"]) == 0
