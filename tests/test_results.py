"""A results file is written and read back. Any other file is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import states

from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.results.file import FORMAT, dumps, load, loads
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import ResultsError
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, Outcome, shorten


def result(name: str, outcome: Outcome = Outcome.PASSED) -> Result:
    cell = Cell(name, "tracing", "onnx", "onnxruntime", "cpu", "fixed", "1")
    return states.result(cell, outcome, detail="traceback", seconds={"run": 0.12345})


def results(*outcomes: Outcome, **fields: Any) -> Results:
    cells = [result(f"net{i}", outcome) for i, outcome in enumerate(outcomes)]
    return states.results(cells, **fields)


def test_a_results_file_is_read_back() -> None:
    written = results(*Outcome)
    again = loads(dumps(written), "results.json")
    assert dumps(again) == dumps(written)
    assert again.complete
    assert sum(again.counts.values()) == again.planned == len(Outcome)


def test_a_file_from_before_preparations_existed_is_read_as_plain_models() -> None:
    text = dumps(results(Outcome.PASSED))
    (found,) = loads(text.replace('"preparation": "plain", ', ""), "results.json").cells
    assert found.cell.preparation == "plain"
    with pytest.raises(ResultsError, match="unknown preparation 'little'"):
        loads(text.replace('"preparation": "plain"', '"preparation": "little"'), "results.json")


def test_the_file_holds_one_cell_per_line_sorted() -> None:
    text = dumps(states.results([result("b"), result("a")]))
    lines = [line for line in text.splitlines() if line.startswith('{"id"')]
    assert [json.loads(line.rstrip(","))["architecture"] for line in lines] == ["a", "b"]


def test_every_field_of_the_contract_is_there() -> None:
    data = json.loads(dumps(results(Outcome.FAILED)))
    assert data["format_version"] == FORMAT.newest
    assert set(data["counts"]) == set(OUTCOMES)
    assert set(data) >= {"complete", "started", "seconds", "planned", "environments", "cells"}
    assert set(data["cells"][0]) >= {
        *("id", "architecture", "method", "format", "runtime", "language", "device", "resolution"),
        *(
            "batch",
            "environment",
            "outcome",
            "stage",
            "reason",
            "exported_at",
            "ran_at",
            "deviation",
        ),
        *("extra_dependencies", "seconds", "artifact", "cached", "repro"),
    }
    assert "detail" not in data["cells"][0]


def test_a_run_that_lacks_a_result_is_not_complete() -> None:
    assert json.loads(dumps(results(Outcome.PASSED, planned=2)))["complete"] is False


@pytest.mark.parametrize("cut", [2, 50, 200, 400])
def test_a_truncated_file_is_refused(cut: int) -> None:
    text = dumps(results(Outcome.PASSED, Outcome.FAILED))
    with pytest.raises(ResultsError, match="truncated or no JSON"):
        loads(text[:-cut], "results.json")


def test_a_file_that_lost_a_line_is_refused() -> None:
    lines = dumps(results(Outcome.PASSED, Outcome.FAILED)).splitlines()
    del lines[-3]
    with pytest.raises(ResultsError, match="truncated or edited"):
        loads("\n".join(lines), "results.json")


def test_a_newer_format_is_refused_with_the_command_that_mends_it() -> None:
    text = dumps(results(Outcome.PASSED)).replace('"format_version": 1', '"format_version": 2')
    with pytest.raises(ResultsError, match="format 2 is newer") as error:
        loads(text, "results.json")
    assert error.value.remedy == "pip install --upgrade pytest-export-matrix"


@pytest.mark.parametrize("text", ["[]", "{}", '{"format_version": 1}', '{"format_version": "x"}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ResultsError, match=r"results\.json"):
        loads(text, "results.json")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="No such file"):
        load(tmp_path / "results.json")


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    for text in ("old", "new"):
        write_whole(tmp_path / "reports" / "results.json", text)
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["results.json"]
    assert (tmp_path / "reports" / "results.json").read_text() == "new"


def test_text_that_no_encoding_can_hold_is_written_and_read_back(tmp_path: Path) -> None:
    odd = results(Outcome.FAILED)
    odd.cells[0].reason = "half a pair: \udcff"
    write_whole(tmp_path / "results.json", dumps(odd))
    assert load(tmp_path / "results.json").cells[0].reason == odd.cells[0].reason


def test_a_long_reason_keeps_its_beginning_and_its_end() -> None:
    text = shorten("a" * 5000 + "b" * 5000, limit=100)
    assert text.startswith("a" * 50)
    assert text.endswith("b" * 50)
    assert "9900 characters" in text


def test_a_long_reason_is_cut_between_words() -> None:
    text = shorten(
        f"{'word ' * 10}/a/path/that/is/long{' word' * 100} /a/path/again end", limit=120
    )
    head, _, tail = text.splitlines()
    assert head == "word " * 9 + "word"
    assert tail.endswith(" word /a/path/again end")
    assert set(tail.split()) == {"word", "/a/path/again", "end"}


def test_a_line_of_a_thousand_symbols_does_not_cost_a_reason_its_other_lines() -> None:
    symbols = " + ".join(f"min(u{number}, 400)" for number in range(1000))
    others = [f"line {number}" for number in range(20)]
    lines = shorten("\n".join([symbols, *others]), limit=400).splitlines()
    assert lines[0].startswith("min(u0, 400) + ")
    assert lines[0].endswith(" + min(u999, 400)")
    assert lines[1:] == others


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"id": "net0-', '"id": "net1-', "has the id 'net1-"),
        ('"id": "net0-tracing-onnx-onnxruntime-cpu-fixed-1", ', "", "has the id None"),
        ('"flaky": false', '"flaky": true', "is said to have passed, and to be flaky"),
        ('"deviating": []', '"deviating": ["boxes"]', "passed (boxes)"),
        ('"deviation": {}', '"deviation": {"boxes": {"max_rel": NaN}}', "NaN is no number"),
        ('"deviation": {}', '"deviation": {"boxes": {"max_rel": 1e400}}', "1e400 is no number"),
        ('"deviation": {}', '"deviation": {"boxes": {"max_rel": "abc"}}', "float"),
        ('"deviation": {}', '"deviation": {"boxes": {"max_rel": null}}', "float"),
        ('"deviation": {}', f'"deviation": {{"boxes": {{"max_rel": 1{"0" * 400}}}}}', ""),
        ('"deviation": {}', f'"deviation": {"[" * 100_000}', "truncated or no JSON"),
        ('"deviating": []', '"deviating": [3]', "str"),
        ('"extra_dependencies": []', '"extra_dependencies": [[1]]', "str"),
        ('"format_version": 1', '"format_version": -5', "format -5: there is none"),
        ('"format_version": 1', '"format_version": 0', "format 0: there is none"),
        ('"net0', '"net9', "its cells are not those of the matrix that it names"),
        ('"stage": "compare"', '"stage": "build"', "is said to have passed"),
    ],
)
def test_a_file_that_contradicts_itself_or_holds_no_figures_is_refused(
    old: str, new: str, said: str
) -> None:
    whole = results(Outcome.PASSED, Outcome.FAILED)
    text = dumps(whole)
    assert old in text
    with pytest.raises(ResultsError) as refused:
        loads(text.replace(old, new), "results.json")
    assert said in str(refused.value)
