"""The map of index.html in a real browser: its squares, their marks and notes, and the causes."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from miniatures.matrices import results
from miniatures.pages import choose, leave, maps, matching, shows, signs, square

from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

ONE_WAY = ["tracing", "onnx", "onnxruntime", "cpu"]
ONE_WAY_ID = "-".join(["{}", *ONE_WAY])


def one_way(endings: Dict[str, Any]) -> Results:
    """Two architectures and one way; cells of `endings`, by the end of their ids, end otherwise."""
    found = results(2)
    found.cells = [r for r in found.cells if r.cell.id.split("-")[1:5] == ONE_WAY]
    for result in found.cells:
        place = f"{result.cell.resolution}-{result.cell.batch}"
        outcome, stage = endings.get(place, (Outcome.PASSED, Stage.COMPARE))
        result.outcome, result.stage, result.deviating = outcome, stage, []
        result.reason = None if result.passed else f"why it ends at {stage}"
    found.planned = len(found.cells)
    return found


def test_a_square_has_four_marks_in_the_order_of_the_columns(show: Any) -> None:
    failed = Outcome.FAILED
    page = show(
        one_way({"dynamic-1": (failed, Stage.COMPARE), "fixed-dynamic": (Outcome.CRASHED, "run")})
    )
    found = square(page, "net1, tracing, ONNX: ONNX Runtime")
    assert signs(found) == "●C●R"
    assert found.get_attribute("aria-label").split(": ", 2)[2] == (
        "fixed size passed; other sizes failed at compare; batch of 2 passed; "
        "any batch crashed at run; 6 cells"
    )


def test_a_cell_that_could_not_be_tested_has_a_question_mark(show: Any) -> None:
    untested = (Outcome.FAILED, Stage.REFERENCE)
    page = show(one_way({"fixed-1": untested, "fixed-2": (Outcome.FAILED, Stage.BUILD)}))
    assert signs(square(page, "net0, tracing")) == "?●?●"


def test_a_mark_is_told_by_its_letter_and_by_its_colour(show: Any) -> None:
    stages = {"dynamic-1": Stage.COMPARE, "fixed-2": Stage.LOAD, "fixed-dynamic": Stage.EXPORT}
    page = show(one_way({place: (Outcome.FAILED, stage) for place, stage in stages.items()}))
    marks = square(page, "net0, tracing").locator("i")
    assert marks.all_inner_texts() == ["●", "C", "L", "E"]
    colours = [mark.evaluate("mark => getComputedStyle(mark).color") for mark in marks.all()]
    assert len(set(colours)) == 4


def test_what_the_filters_leave_out_is_blank_and_the_other_marks_stay_in_place(show: Any) -> None:
    page = show(one_way({}))
    choose(page, "Resolution", "dynamic")
    assert shows(page, 6)
    assert signs(square(page, "net0, tracing")) == " ●  "
    choose(page, "Batch", "2")
    assert shows(page, 2)
    assert square(page, "net0, tracing").inner_text() == "+1"


def test_ways_that_do_alike_share_a_row(show: Any) -> None:
    found = results(2)
    for result in found.cells:
        result.outcome, result.stage, result.deviating = Outcome.PASSED, Stage.COMPARE, []
    heads = show(found).locator("#map tbody th[scope=row]")
    assert [text.replace("\n", "; ") for text in heads.all_inner_texts()][:3] == [
        "TorchScript: PyTorch; ONNX: ONNX Runtime",
        "TorchScript: PyTorch",
        "ONNX: ONNX Runtime; pt2: PyTorch",
    ]


def test_the_heads_of_the_map_stay_in_sight(show: Any) -> None:
    page = show(results(40), viewport={"width": 800, "height": 500})
    box = page.locator("#map")
    box.scroll_into_view_if_needed()
    box.evaluate("box => box.scrollTo(600, 200)")
    left, top = (box.bounding_box()[side] for side in ("x", "y"))
    for head in (box.locator("thead th").last, box.locator("thead td")):
        assert head.bounding_box()["y"] == pytest.approx(top, abs=2)
    for head in (box.locator("tbody th[scope=row]").last, box.locator("thead td")):
        assert head.bounding_box()["x"] == pytest.approx(left, abs=2)


def test_a_square_opens_its_notes_below_its_row_and_closes_them(show: Any) -> None:
    found = one_way({"dynamic-1": (Outcome.FAILED, Stage.COMPARE)})
    page = show(found)
    opener = square(page, "net1, tracing")
    opener.click()
    assert opener.get_attribute("aria-expanded") == "true"
    notes = page.locator("#map tr:has([aria-expanded=true]) + tr .notes")
    text = notes.inner_text()
    for part in ("failed at compare", "why it ends at compare", "passed", "Any batch", "cause 1"):
        assert part in text
    assert f"{ONE_WAY_ID.format('net1')}-dynamic-1" in notes.locator("code").inner_text()
    opener.click()
    assert page.locator("#map .notes").count() == 0
    assert opener.get_attribute("aria-expanded") == "false"


def test_the_name_of_an_architecture_opens_its_table(show: Any) -> None:
    found = one_way({"dynamic-1": (Outcome.FAILED, Stage.COMPARE)})
    for result in found.cells:
        result.latency = {"first": 0.25, "steady": 0.125}
    page = show(found)
    page.locator("#map thead").get_by_role("button", name="net1").click()
    assert page.locator("#architecture-choice").input_value() == "net1"
    table = page.get_by_role("region", name="net1 in full")
    row = table.locator("tbody tr").last.locator("th, td").all_inner_texts()
    assert row == [
        *("ONNX: ONNX Runtime", "●", "C compare", "●", "●"),
        *("250 / 125", "7.7", "torchvision"),
    ]
    table.get_by_role("link", name="Other sizes: failed at compare").click()
    assert f"{ONE_WAY_ID.format('net1')}-dynamic-1" in page.inner_text("dialog[open] h2")
    leave(page)
    page.locator("#architecture-choice").select_option("net0")
    page.get_by_role("region", name="net0 in full").wait_for()


def test_a_cause_leaves_its_cells_alone_until_it_is_clicked_again(show: Any) -> None:
    found = one_way({"dynamic-1": (Outcome.FAILED, Stage.COMPARE)})
    page = show(found)
    cause = page.get_by_role("button", name="2 cells failed at compare")
    cause.click()
    assert shows(page, 2) and maps(page, 2)
    assert signs(square(page, "net0, tracing")) == " C  "
    assert page.locator("#list tbody a").all_inner_texts() == ["✗ failed at compare"] * 2
    assert cause.get_attribute("aria-pressed") == "true"
    cause.click()
    assert shows(page, len(found.cells)) and maps(page, len(found.cells))
    assert cause.get_attribute("aria-pressed") == "false"


def test_a_cause_and_a_filter_add_up(show: Any) -> None:
    page = show(one_way({"dynamic-1": (Outcome.FAILED, Stage.COMPARE)}))
    page.get_by_role("button", name="2 cells failed at compare").click()
    choose(page, "Architecture", "net1")
    assert shows(page, 1) and maps(page, 1)
    page.get_by_role("button", name="Show all").click()
    assert shows(page, 6)  # of net1


def test_a_footnote_leads_to_its_cause_and_chooses_it(show: Any) -> None:
    page = show(one_way({"dynamic-1": (Outcome.FAILED, Stage.COMPARE)}))
    page.locator("#summary").get_by_role("link", name="cause 1").first.click()
    assert shows(page, 2)
    assert page.url.endswith("#cause-1")
    assert page.locator("#cause-1 button").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Show all").click()
    assert shows(page, 12)
    assert "#" not in page.url


def test_pairs_that_nobody_claims_are_shown_on_request(show: Any) -> None:
    found = results(2)
    for result in found.cells:
        result.foreign = result.cell.format == "pt2"
    page = show(found)
    number = len(found.cells) - matching(found, format="pt2")
    assert shows(page, number) and maps(page, number)
    assert "pt2" not in page.inner_text("#map") + page.inner_text("#architecture-table")
    page.get_by_label("pairs nobody claims").check()
    assert shows(page, len(found.cells)) and maps(page, len(found.cells))
    assert "pt2: PyTorch" in page.inner_text("#map")


def test_where_every_pair_is_claimed_there_is_nothing_to_request(show: Any) -> None:
    assert show(results()).get_by_label("pairs nobody claims").is_hidden()
