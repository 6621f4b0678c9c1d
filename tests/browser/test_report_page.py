"""index.html in a real browser: its list, a cell's details, changes and plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from miniatures.matrices import results
from miniatures.pages import (
    FIRST,
    GONE,
    HOSTILE,
    Opened,
    changed,
    choose,
    leave,
    maps,
    matching,
    shows,
    square,
    until,
)

from pytest_export_matrix.reporting.reporters.html import render
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES

VALUES = [
    *[("outcome", outcome) for outcome in OUTCOMES],
    ("stage", "export"),
    ("architecture", "net1"),
    ("method", "scripting"),
    ("format", "pt2"),
    ("runtime", "onnxruntime"),
    ("device", "cuda"),
    ("resolution", "dynamic"),
    ("batch", "2"),
]


def test_cells_are_filtered_by_every_axis_and_outcome(show: Any) -> None:
    found = results(2)
    page = show(found)
    for name, value in VALUES:
        assert shows(page, len(found.cells))
        choose(page, name.capitalize(), value.replace("_", " "))
        number = matching(found, **{name: value})
        assert 0 < number < len(found.cells)
        assert shows(page, number)
        assert maps(page, number)
        page.get_by_text("Clear all").click()


def test_filters_add_up_and_are_cleared(show: Any) -> None:
    found = results(2)
    page = show(found)
    choose(page, "Outcome", "failed")
    choose(page, "Runtime", "pytorch")
    assert shows(page, matching(found, outcome="failed", runtime="pytorch"))
    choose(page, "Outcome", "crashed")
    both = [matching(found, outcome=o, runtime="pytorch") for o in ("failed", "crashed")]
    assert shows(page, sum(both))
    page.get_by_text("Clear all").click()
    assert shows(page, len(found.cells))


def test_an_open_cell_shows_everything_that_is_known_about_it(show: Any) -> None:
    found = results()
    result = next(r for r in found.cells if r.outcome == "failed" and r.stage == "compare")
    page = show(found)
    square(page, "net0, tracing, ONNX").click()
    page.locator(f'#map .notes a[href="#{result.cell.id}"]').click()
    text = page.locator("dialog[open]").inner_text()
    for part in (
        *(result.cell.id, result.ending, result.reason, result.repro, "boxes", "allowed"),
        *("matched 3, missing 0", "1.8", "[1, 192, 256], [1, 144, 192]"),
        *(result.artifact.sha256, "7,729,234", "torchvision", "torch 2.14", "Python"),
        *("UserWarning", "deprecated"),
    ):
        assert str(part) in text
    assert page.url.endswith(f"#{result.cell.id}")


def test_the_address_of_a_cell_opens_it(show: Any) -> None:
    page = show(results(), f"#{FIRST}")
    assert FIRST in page.locator("dialog[open]").inner_text()
    leave(page)
    assert "#" not in page.url


def test_the_page_can_be_used_with_the_keyboard_alone(show: Any) -> None:
    found = results()
    page = show(found)

    page.locator("#axes summary").focus()
    page.keyboard.press("Enter")
    page.locator("#panes tbody tr").first.focus()
    page.keyboard.press("Enter")
    assert shows(page, matching(found, outcome="passed"))
    page.locator("#panes tbody tr").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    outcomes = [matching(found, outcome=outcome) for outcome in ("passed", "failed")]
    assert shows(page, sum(outcomes))

    page.locator('#map button[tabindex="0"]').focus()
    name = "document.activeElement.ariaLabel"
    start = page.evaluate(name)
    page.keyboard.press("ArrowDown")
    below = page.evaluate(name)
    assert below != start
    page.keyboard.press("ArrowUp")
    assert page.evaluate(name) == start
    page.keyboard.press("Enter")
    page.locator("#map .notes a").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    cell = page.evaluate("document.activeElement.hash")
    page.keyboard.press("Enter")
    assert page.locator("dialog[open] h2").inner_text() == cell[1:]
    leave(page)
    assert page.evaluate("document.activeElement.hash") == cell
    page.keyboard.press("Escape")
    assert page.locator("#map .notes").count() == 0
    assert page.evaluate(name) == start

    page.locator("#list tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")


def test_text_of_models_and_engines_is_shown_as_text(show: Any) -> None:
    found = results()
    result = found.cells[0]
    result.outcome, result.reason, result.repro = "failed", HOSTILE, HOSTILE
    result.deviation, result.deviating = {HOSTILE: {"max_rel": 1.0}}, [HOSTILE]
    result.warnings = [{"category": HOSTILE, "message": HOSTILE, "count": 1}]
    tried = {"outcome": "failed", "stage": "load", "reason": HOSTILE}
    result.trials = [{"extras": [HOSTILE], **tried}]
    result.latency = {"first": 0.25, "steady": 0.125}
    page = show(found)
    assert HOSTILE in page.locator("#list tbody tr").first.inner_text()
    page.locator("#filters input[type=search]").fill("onerror=alert(2)")
    assert shows(page, 1)
    assert page.locator("img").count() == 0
    page.locator("#list tbody a").first.click()
    assert page.locator("dialog[open] pre").inner_text() == HOSTILE
    assert page.locator("dialog[open]").inner_text().count(HOSTILE) == 8
    assert "Tried beside the engine" in page.locator("dialog[open]").inner_text()
    leave(page)
    page.locator("#plots").scroll_into_view_if_needed()
    page.wait_for_selector("#deviation .main-svg")
    assert page.locator("img").count() == 0


def test_changes_can_be_filtered_and_a_change_opens_its_cell(show: Any) -> None:
    found = changed(results())
    page = show(found)
    assert "Changes against release 1.2" in page.inner_text("#changes")
    assert HOSTILE in page.inner_text("#changed")
    page.locator("#changed summary").click()
    choose(page, "Kind", "broke", panes="#changed")
    left = page.locator("#changed .scroll tbody a")
    left.nth(1).wait_for(state="detached")
    assert left.all_inner_texts() == [FIRST]
    page.locator("#changed .scroll tbody > tr > td").last.click()
    assert "Against release 1.2" in page.locator("dialog[open]").inner_text()
    assert "failed at run" in page.locator("dialog[open]").inner_text()
    assert shows(page, len(found.cells))


def test_a_cell_that_is_gone_says_so(show: Any) -> None:
    page = show(changed(results()))
    page.locator("#changed").get_by_role("link", name=GONE.id).click()
    text = page.locator("dialog[open]").inner_text()
    assert "This cell has no result here." in text
    assert "is not in the matrix any more" in text


def test_flaky_cells_are_marked_and_can_be_singled_out(show: Any) -> None:
    found = results()
    flaky = next(result for result in found.cells if result.outcome == "crashed")
    flaky.flaky = flaky.cached = True
    page = show(found)
    choose(page, "Flaky", "flaky")
    assert shows(page, 1)
    badge = page.locator("#list tbody a")
    assert badge.inner_text() == "≈ flaky at run"
    badge.click()
    assert "Answered from the cache" in page.locator("dialog[open]").inner_text()


def test_the_copy_button_copies_the_command(show: Any) -> None:
    found = results()
    granted = ["clipboard-read", "clipboard-write"]
    page = show(found, f"#{FIRST}", permissions=granted)
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    expected = next(result.repro for result in found.cells if result.cell.id == FIRST)
    assert page.evaluate("navigator.clipboard.readText()") == expected


def test_plots_follow_the_filters(show: Any) -> None:
    page = show(results())
    assert page.evaluate("typeof Plotly") == "undefined"
    page.locator("#plots").scroll_into_view_if_needed()
    for name in ("latency", "deviation", "stages"):
        page.wait_for_selector(f"#{name} .main-svg")
    ways = "document.getElementById('latency').data[0].y.length"
    assert page.evaluate(ways) == 5
    choose(page, "Method", "scripting")
    until(page, f"{ways} === 1")


def test_without_javascript_the_page_shows_the_essentials(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text(render(changed(results(planned=61))), encoding="utf-8")
    page = Opened(browser, path, java_script_enabled=False).page
    page.goto(path.as_uri())
    text = page.inner_text("body")
    for part in (
        "Export support on cpu",
        "60 of 61 cells",
        "broke: format=onnx",
        "need JavaScript",
    ):
        assert part in text


def test_five_thousand_cells_are_shown_and_filtered(show: Any) -> None:
    found = results(84)
    assert len(found.cells) >= 5000
    page = show(found)
    assert maps(page, len(found.cells))
    choose(page, "Outcome", "crashed")
    choose(page, "Method", "tracing")
    assert shows(page, matching(found, outcome="crashed", method="tracing"))
    page.get_by_text("Clear all").click()
    assert shows(page, len(found.cells))
