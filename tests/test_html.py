"""The page shows what the results say. No text of a result is markup in the page."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from miniatures.matrices import results

from pytest_export_matrix import Registry, Reporter
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.pytest_run.outputs import write_reports
from pytest_export_matrix.reporting.publish import lacking
from pytest_export_matrix.reporting.reporters import REPORTERS
from pytest_export_matrix.reporting.reporters.html import notices, render
from pytest_export_matrix.results.changes import Change, Changes, Summary
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Matrix, Results, Versions
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>&amp;\u2028'\""


class Page(HTMLParser):
    """The elements of a page, and its text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: List[Tuple[str, Dict[str, Any]]] = []
        self.scripts: List[str] = []
        self.text = ""
        self._raw = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        self._raw = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if self._raw == "script":
            self.scripts.append(data)
        elif not self._raw:
            self.text += re.sub(r"\s+", " ", data)

    @property
    def data(self) -> Dict[str, Any]:
        places = [attrs.get("id") for tag, attrs in self.elements if tag == "script"]
        packed = base64.b64decode(self.scripts[places.index("data")])
        embedded: Dict[str, Any] = json.loads(gzip.decompress(packed))
        return embedded


def page(found: Results) -> Page:
    pytest.importorskip("itables")
    pytest.importorskip("plotly")
    return Page(render(found))


def hostile(result: Result) -> Result:
    """`result` with hostile text wherever a model, an engine or a path can place it."""
    return dataclasses.replace(
        result,
        language=HOSTILE,
        reason=HOSTILE,
        deviation={HOSTILE: {"max_rel": 1.0, HOSTILE: HOSTILE}},
        deviating=[HOSTILE],
        extra_dependencies=[HOSTILE],
        trials=[{"extras": [HOSTILE], "outcome": HOSTILE, "stage": HOSTILE, "reason": HOSTILE}],
        program={HOSTILE: HOSTILE},
        artifact={"sha256": HOSTILE, "bytes": 1},
        warnings=[{"category": HOSTILE, "message": HOSTILE, "count": 1}],
        repro=HOSTILE,
    )


def changes_of(found: Results, name: str = "baseline.json") -> Changes:
    first, second = found.cells[0].cell, found.cells[1].cell
    return Changes(
        name,
        [Change(first, "broke", "passed", name), Change(second, "fixed", name, "passed")],
        [Summary("broke", f"format={name}", [first])],
        [("default", name, "1", name)],
    )


def test_the_support_table_and_the_tally_need_no_javascript() -> None:
    seen = page(results())
    assert "Export support on cpu" in seen.text
    assert "60 cells planned" in seen.text
    assert "30 unavailable: cuda: no GPU here." in seen.text
    assert "torch 2.14" in seen.text


def test_the_page_holds_every_field_of_a_cell() -> None:
    found = results()
    rows = {row["id"]: row for row in page(found).data["cells"]}
    for result in found.cells:
        row = rows[result.cell.id]
        assert {name: row[name] for name in result.row()} == result.row()
        assert row["ending"] == result.ending


def test_hostile_text_is_shown_as_text() -> None:
    plain, found = results(), results()
    found.cells = [hostile(result) for result in found.cells]
    versions = Versions(HOSTILE, HOSTILE, {HOSTILE: HOSTILE})
    found = dataclasses.replace(
        found,
        started=HOSTILE,
        shard=HOSTILE,
        matrix=Matrix(61, "", HOSTILE),
        environments={HOSTILE: versions},
        changes=changes_of(found, HOSTILE),
    )
    plain = dataclasses.replace(
        plain, shard="1/2", matrix=Matrix(61, "", "slim"), changes=changes_of(plain)
    )
    seen, usual = page(found), page(plain)

    tags = [tag for tag, _ in seen.elements]
    assert {tag: tags.count(tag) for tag in ("script", "img")} == {
        tag: [other for other, _ in usual.elements].count(tag) for tag in ("script", "img")
    }
    assert seen.data["cells"][0]["reason"] == HOSTILE
    assert seen.data["changes"][0]["new"] == HOSTILE
    assert not re.search(r"[<>&\u2028\u2029]", seen.scripts[0])
    assert "<script>alert(1)</script>" in seen.text
    assert not any(name.startswith("on") for _, attrs in seen.elements for name in attrs)


def failing(found: Results, number: int, reason: str) -> Results:
    """`found`, of which the first cells failed for this reason, and all others passed."""
    for place, result in enumerate(found.cells):
        wrong = place < number
        result.outcome = Outcome.FAILED if wrong else Outcome.PASSED
        result.stage = Stage.RUN if wrong else Stage.COMPARE
        result.reason, result.deviating = reason if wrong else None, []
    return found


def test_a_mark_refers_to_its_footnote_and_a_footnote_to_its_cell() -> None:
    seen = page(failing(results(), 4, "it stops"))
    links = [attrs["href"] for tag, attrs in seen.elements if tag == "a"]
    places = [attrs["id"] for _, attrs in seen.elements if "id" in attrs]
    assert "#cause-1" in links
    assert "cause-1" in places
    assert "¹ 4 cells failed at run: it stops" in seen.text
    assert f"#{results().cells[0].cell.id}" in links


def test_a_digit_in_a_name_is_no_footnote() -> None:
    found = failing(results(), 0, "")
    for result in found.cells:
        result.extra_dependencies = ["x²"]
    assert not any("cause-2" in str(attrs) for _, attrs in page(found).elements)


def test_every_cause_is_on_the_page_those_beyond_the_footnotes_folded_away() -> None:
    found = failing(results(), 14, "")
    for result, word in zip(found.cells, "abcdefghijklmn"):
        result.reason = f"it stops in {word}"
    seen = page(found)
    places = [str(attrs.get("id")) for _, attrs in seen.elements]
    assert sum(place.startswith("cause-") for place in places) == 14
    assert "2 causes more" in seen.text
    assert all(f"it stops in {word}" in seen.text for word in "abcdefghijklmn")
    assert len(seen.data["causes"]) == 14


def test_the_data_say_which_cause_a_cell_has_and_whether_it_was_tested() -> None:
    found = failing(results(), 4, "it stops")
    found.cells[0].stage = Stage.REFERENCE
    rows = page(found).data["cells"]
    assert [row["cause"] for row in rows[:5]] == [2, 1, 1, 1, None]
    assert [row["unknown"] for row in rows[:5]] == [True, False, False, False, False]


def test_pairs_that_nobody_claims_are_kept_out_of_the_tables() -> None:
    found = failing(results(), 4, "it stops")
    for result in found.cells:
        result.foreign = result.cell.format == "torchscript"
    seen = page(found)
    assert "TorchScript" not in seen.text
    assert "it stops" not in seen.text
    assert "24 cells are of pairs that nobody claims" in seen.text
    assert len(seen.data["cells"]) == len(found.cells)


def test_where_nobody_claims_any_pair_the_tables_show_them() -> None:
    found = results()
    for result in found.cells:
        result.foreign = True
    assert "TorchScript" in page(found).text


def test_an_infinite_or_nan_figure_is_written_as_a_word() -> None:
    found = results()
    found.cells[0].deviation = {"boxes": {"max_rel": float("inf"), "max_abs": float("nan")}}
    row = page(found).data["cells"][0]
    assert row["deviation"] == {"boxes": {"max_rel": "inf", "max_abs": "nan"}}
    assert row["worst"] == "inf"


def test_incomplete_results_say_so_at_the_top() -> None:
    text = page(results(planned=240)).text
    assert "Incomplete: 60 of 240 cells have a result." in text
    assert text.index("Incomplete") < text.index("Export support on cpu")


def test_results_of_a_part_of_the_matrix_say_so() -> None:
    assert notices(results()) == []
    assert notices(results(shard="2/5", matrix=Matrix(300, "", "slim"))) == [
        "One shard of several: 2/5 of the matrix.",
        "A part of the matrix: 60 of its 300 cells were planned here.",
    ]


def test_changes_are_shown_if_the_run_was_compared_with_something() -> None:
    found = results()
    assert "Changes against" not in page(found).text
    found.changes = changes_of(found)
    seen = page(found)
    assert "Changes against baseline.json" in seen.text
    assert "broke: format=baseline.json (passed before, does not now)" in seen.text
    assert [change["kind"] for change in seen.data["changes"]] == ["broke", "fixed"]
    found.changes = Changes("older.json", [])
    assert "No cell changed." in page(found).text


def test_the_page_fetches_nothing() -> None:
    seen = page(results())
    (policy,) = [attrs["content"] for tag, attrs in seen.elements if "http-equiv" in attrs]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy and "script-src 'unsafe-inline'" not in policy
    for tag, attrs in seen.elements:
        assert "src" not in attrs
        assert tag != "link"
        assert attrs.get("href", "#").startswith("#")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    fields = {field.name: None for field in dataclasses.fields(Settings)}
    return Settings(**{**fields, "reports": tmp_path, "reports_asked": True})  # type: ignore[arg-type]


def test_without_the_extra_a_run_says_what_to_install(settings: Settings) -> None:
    registry = Registry()
    needs = ("no_such_module",)
    registry.add(Reporter("html", "index.html", "nowhere:render", needs, "the-package[html]"))
    (_, said), _ = write_reports(results(), registry, settings, is_whole=True)
    assert said == 'index.html not written: pip install "the-package[html]"'
    assert not (settings.reports / "index.html").exists()

    (settings.reports / "index.html").write_text("older", encoding="utf-8")
    (_, said), _ = write_reports(results(), registry, settings, is_whole=True)
    assert said.startswith("index.html is of an older run, not written")


def test_a_reporter_without_an_extra_names_the_missing_modules() -> None:
    assert lacking(Reporter("r", "r.txt", "r:r")) == ""
    assert lacking(Reporter("r", "r.txt", "r:r", needs=["no_such"])) == 'pip install "no_such"'


def test_the_page_is_among_the_reports(settings: Settings) -> None:
    pytest.importorskip("itables")
    pytest.importorskip("plotly")
    registry = Registry()
    for reporter in REPORTERS:
        registry.add(reporter)
    assert len(write_reports(results(), registry, settings, is_whole=True)[0]) == 1
    assert (settings.reports / "index.html").read_text("utf-8").startswith("<!DOCTYPE html>")
