"""A document's tables are rewritten between their markers, and nothing else is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniatures.findings import results
from miniatures.marked import (
    BEGIN,
    END,
    FOUND,
    MARKED,
    RST_BEGIN,
    RST_END,
    SOURCE,
    begin,
    refused,
    written,
)

from pytest_export_matrix.reporting.documents import check, rewrite, update
from pytest_export_matrix.results.file import dumps, loads
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.errors import DocumentError
from pytest_export_matrix.vocabulary.outcomes import Outcome

# --- what a block holds


def test_a_block_holds_the_table_and_what_it_was_made_from() -> None:
    text = written(MARKED["a.md"])
    assert "| Any batch | ○ 0/2 ¹ | ○ 0/2 ¹ |" in text
    assert "- 36 cells planned: 24 passed, 12 failed.\n" in text
    assert "- Environment default: Python 3.12.1, Linux, onnx 1.2, torch 2.9.\n" in text
    assert "- Made from reports/results.json.\n" in text


def test_the_footnote_of_an_environment_says_what_it_takes() -> None:
    found = loads(dumps(FOUND), "results.json")
    found.environments["default"] = Versions("3.12.1", "Linux", {"mine": "1.0"}, 89_000_000, 2.6)
    text = rewrite(MARKED["a.md"], loads(dumps(found), "again"), SOURCE, "a.md")
    assert "Environment default: Python 3.12.1, Linux, 89 MB, installed in 3 s, mine 1.0." in text


def test_results_that_were_written_and_read_give_the_same_blocks() -> None:
    again = loads(dumps(FOUND), "results.json")
    for name, text in MARKED.items():
        assert rewrite(text, again, SOURCE, name) == written(text, name)


def test_each_block_selects_cells_as_the_command_line_does() -> None:
    text = written(f"{begin('architecture=net_a, format=onnx')}\n{END}\n")
    assert "| net_a | ● |" in text
    assert "net_b" not in text and "TorchScript" not in text
    assert "6 cells planned" in text


def test_several_globs_of_one_axis_select_cells_with_any_of_them() -> None:
    text = written(f"{begin('format=onnx format=torch*')}\n{END}\n")
    assert "36 cells planned" in text


def test_a_block_selects_by_the_environment_of_a_runtime() -> None:
    found = results()
    for result in found.cells:
        result.environment = "old" if result.cell.format == "onnx" else "default"
    found.environments["old"] = Versions("3.9.1", "Linux", {"onnxruntime": "1.17"})
    text = rewrite(f"{begin('environment=old')}\n{END}\n", found, SOURCE, "a.md")
    assert "12 cells planned" in text and "onnxruntime 1.17" in text
    text = rewrite(f"{begin('environment=def*')}\n{END}\n", found, SOURCE, "a.md")
    assert "24 cells planned" in text and "onnxruntime 1.17" not in text


def test_the_cells_table_has_a_column_for_each_resolution_and_batch() -> None:
    text = written(f"{begin('table=cells architecture=net_a resolution=fixed')}\n{END}\n")
    header, _, *rows = [line for line in text.splitlines() if line.startswith("|")]
    assert header.endswith("| fixed, batch 1 | fixed, batch 2 | fixed, batch dynamic |")
    assert rows == [
        "| tracing | TorchScript: PyTorch | ● | ● | ○ ¹ |",
        "| tracing | ONNX: ONNX Runtime | ● | ● | ○ ¹ |",
        "| scripting | TorchScript: PyTorch | ● | ● | ○ ¹ |",
    ]


def test_the_latency_table_holds_cells_that_passed_at_the_exported_size() -> None:
    found = results()
    for result in found.cells:
        result.latency = {"first": 0.25, "steady": 0.0314}
        if result.cell.format == "onnx":
            result.outcome = Outcome.FAILED
    text = rewrite(f"{begin('device=cpu table=latency')}\n{END}\n", found, SOURCE, "a.md")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert lines[0] == "| Architecture | Export method | Format | PyTorch |"
    assert lines[2] == "| net_a | tracing | TorchScript | 250 / 31 |"


def test_the_required_table_holds_the_largest_deviation_of_each_output_in_units_of_noise() -> None:
    found = results()
    for units, result in enumerate(found.cells):
        result.deviation = {"boxes": {"noise": 1e-6, "required": units / 10}, "matched": 3}
        if result.cell.format == "onnx":
            result.outcome = Outcome.FAILED
    passed = max(i for i, result in enumerate(found.cells) if result.passed)
    text = rewrite(f"{begin('device=cpu table=required')}\n{END}\n", found, SOURCE, "a.md")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert lines[0] == "| Output | PyTorch |"
    assert lines[2] == f"| boxes | {passed / 10:.1f} |"


def test_the_limits_table_has_a_row_for_each_cause_and_says_below_why_and_where() -> None:
    text = written(f"{begin('table=limits')}\n{END}\n")
    (row,) = re.findall(r"^\| ¹ .*$", text, re.MULTILINE)
    ways = "net_a, net_b | tracing, scripting | PyTorch, ONNX Runtime"
    assert row == f"| ¹ | 12 | failed at run | {ways} |"
    assert "- ¹ 12 cells failed at run: no (" in text and "). Cells: batch=dynamic\n" in text


def test_a_limits_table_without_a_failure_says_so() -> None:
    text = written(f"{begin('table=limits batch=1')}\n{END}\n")
    assert "|" not in text
    assert "- All that was run passed.\n" in text


def test_the_adversarial_table_names_failures_that_no_ordinary_input_shows() -> None:
    found = results(lambda cell: "no" if cell.batch == "dynamic" else None)
    for row in found.cells:
        if not row.passed:
            exotic = row.cell.format == "onnx"
            row.failed_on = ["a crowd"] if exotic else ["ordinary", "a crowd"]
    text = rewrite(f"{begin('table=adversarial')}\n{END}\n", found, SOURCE, "a.md")
    assert "| ¹ | 4 | failed at run | net_a, net_b | tracing | ONNX Runtime |\n" in text
    assert "Cells: runtime=onnxruntime, batch=dynamic\n" in text
    assert "pytorch" not in text


def test_the_adversarial_table_says_so_if_ordinary_inputs_show_every_failure() -> None:
    text = written(f"{begin('table=adversarial')}\n{END}\n")
    assert "|" not in text
    assert "- No cell failed at an adversarial input that" in text


def test_several_devices_have_a_table_each_with_its_title() -> None:
    found = results(devices=("cpu", "cuda"))
    text = rewrite(MARKED["a.md"], found, SOURCE, "a.md")
    assert "**Export support on cpu**\n\n|" in text and "**Export support on cuda**\n\n|" in text
    text = rewrite(f"{begin('device=cuda')}\n{END}\n", found, SOURCE, "a.md")
    assert "Export support on" not in text


def test_the_tables_of_an_absent_device_say_that_nothing_was_run() -> None:
    found = results(devices=("cpu", "cuda"), absent=("cuda",))
    for table in ("support", "cells", "limits"):
        text = rewrite(f"{begin(f'device=cuda table={table}')}\n{END}\n", found, SOURCE, "a.md")
        assert "- None of these cells was run.\n" in text
        assert "- 36 unavailable: cuda: none here.\n" in text
        assert "●" not in text


# --- what stays


#: Text that can contain neither a marker nor a fence.
OUTSIDE = st.text(st.characters(exclude_characters="<`~.", exclude_categories=["Cs"]))


@given(before=OUTSIDE, between=OUTSIDE, after=OUTSIDE, newline=st.sampled_from(["\n", "\r\n"]))
def test_text_outside_the_blocks_stays_byte_for_byte(
    before: str, between: str, after: str, newline: str
) -> None:
    first, second = f"{begin('table=cells')}{newline}", f"{begin('table=limits')}{newline}"
    before, between = f"{before}{newline}", f"{newline}{between}{newline}"
    text = f"{before}{first}old{newline}{END}{between}{second}{END}{newline}{after}"
    new = written(text)
    assert new.startswith(before + first) and new.endswith(f"{END}{newline}{after}")
    assert f"{END}{between}{second}" in new
    assert written(new) == new
    body = new[len(before + first) : new.index(END)]
    assert body.count("\n") == body.count(newline)


@given(before=OUTSIDE, after=OUTSIDE, newline=st.sampled_from(["\n", "\r\n"]))
def test_text_outside_a_restructuredtext_block_stays_byte_for_byte(
    before: str, after: str, newline: str
) -> None:
    opening = f"{before.replace(':', ' ')}{newline}{newline}{RST_BEGIN}{newline}"
    closing = f"{RST_END}{newline}{after}"
    new = written(f"{opening}old{newline}{closing}", "a.rst")
    assert new.startswith(opening) and new.endswith(closing)
    assert written(new, "a.rst") == new


@pytest.mark.parametrize("name", MARKED)
def test_rewriting_twice_changes_nothing(name: str) -> None:
    once = written(MARKED[name], name)
    assert written(once, name) == once


def test_the_file_is_rewritten_once_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(MARKED["a.md"], encoding="utf-8")
    difference = check(path, FOUND, SOURCE)
    assert difference is not None and "+| TorchScript | ● 2/2 | ● 2/2 |" in difference
    assert difference.startswith(f"--- {path}\n+++ {path} from {SOURCE}\n")
    assert update(path, FOUND, SOURCE) is True
    assert check(path, FOUND, SOURCE) is None
    before = path.stat()
    assert update(path, FOUND, SOURCE) is False
    assert path.stat() == before
    assert os.listdir(tmp_path) == ["a.md"]


def test_byte_order_mark_line_ends_mode_and_missing_newline_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(f"\ufeff{BEGIN}\r\n{END}\r\nmixed\nno newline at the end".encode())
    path.chmod(0o640)
    assert update(path, FOUND, SOURCE)
    data = path.read_bytes()
    assert data.startswith(f"\ufeff{BEGIN}\r\n\r\n|".encode())
    assert data.endswith(f"{END}\r\nmixed\nno newline at the end".encode())
    assert not re.search(rb"[^\r]\n", data[: data.index(b"mixed")])
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_a_document_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    real, link = tmp_path / "docs" / "a.md", tmp_path / "link.md"
    real.write_text(MARKED["a.md"], encoding="utf-8")
    link.symlink_to(real)
    assert update(link, FOUND, SOURCE)
    assert link.is_symlink() and "●" in real.read_text(encoding="utf-8")


def test_line_ends_that_differ_only_inside_a_block_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(written(MARKED["a.md"]).replace("● |\n", "● |\r\n").encode())
    assert check(path, FOUND, SOURCE) == f"{path}: line ends inside a block differ\n"


def test_an_indented_marker_has_an_indented_block() -> None:
    text = written(f".. note::\n\n   {RST_BEGIN}\n   {RST_END}\n", "a.rst")
    body = text.split("begin\n")[1].splitlines()
    assert all(line.startswith("   ") for line in body if line)


@pytest.mark.parametrize("name", ["a.txt", "README"])
def test_the_markers_tell_the_language_of_a_file_with_another_name(name: str) -> None:
    assert "| --- |" in written(MARKED["a.md"], name)
    assert ".. list-table::" in written(MARKED["a.rst"], name)
    assert "<!-- export-matrix: begin -->" in str(refused("none", name))
    assert ".. export-matrix: begin" in str(refused("none", name))


# --- what is refused


def test_a_run_that_was_broken_off_replaces_no_table(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(MARKED["a.md"], encoding="utf-8")
    found = results()
    found.cells = found.cells[:-1]
    with pytest.raises(DocumentError, match="broken off: 35 of 36 cells"):
        update(path, found, SOURCE)
    assert path.read_text(encoding="utf-8") == MARKED["a.md"]


def test_a_run_of_a_selection_replaces_no_table() -> None:
    found = results()
    found.cells = found.cells[:6]
    found.planned = 6
    with pytest.raises(DocumentError, match="a part of the matrix: 6 of 36 cells"):
        rewrite(MARKED["a.md"], found, SOURCE, "a.md")


def test_a_document_that_cannot_be_read_or_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="No such file"):
        update(tmp_path / "a.md", FOUND, SOURCE)
    with pytest.raises(DocumentError, match="Is a directory"):
        check(tmp_path, FOUND, SOURCE)
    latin = tmp_path / "latin.md"
    latin.write_bytes(b"\xe9\n")
    with pytest.raises(DocumentError, match="utf-8"):
        update(latin, FOUND, SOURCE)


def test_a_flaky_cell_is_shown_as_a_failure() -> None:
    found = results()
    found.cells[0].outcome, found.cells[0].flaky = Outcome.FAILED, True
    text = rewrite(f"{begin('table=cells')}\n{END}\n", found, SOURCE, "a.md")
    assert "| ○ ¹ | ● |" in text and "¹ 1 cell flaky at compare" in text
