"""index.html in a real browser: Debian's Chromium, or any other that is installed.

Without a browser the tests are skipped; with EXPORT_MATRIX_BROWSER=required they fail instead.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from miniatures.matrices import results
from miniatures.pages import Opened, choose, leave, maps, shows, signs, square, until

from pytest_export_matrix.reporting.reporters.html import render
from pytest_export_matrix.results.changes import Change, Changes, Summary
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, Outcome, Stage

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FIRST = "net0-tracing-torchscript-pytorch-cpu-fixed-1"
ONE_WAY = ["tracing", "onnx", "onnxruntime", "cpu"]
ONE_WAY_ID = "-".join(["{}", *ONE_WAY])
GONE = Cell("older", "tracing", "onnx", "onnxruntime", "cpu", "fixed", "1")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    lacking = ""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking = "playwright is not installed: pip install playwright"
    if not CHROMIUM:
        lacking = "no Chromium is installed: apt-get install chromium"
    for name in ("itables", "plotly"):
        lacking = lacking or _lacking(name)
    if lacking and os.environ.get("EXPORT_MATRIX_BROWSER") == "required":
        pytest.fail(lacking)
    if lacking:
        pytest.skip(lacking)
    with sync_playwright() as playwright:
        # Root has no sandbox; the pages are our own.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def _lacking(module: str) -> str:
    found = importlib.util.find_spec(module)
    return "" if found else f'{module} is not installed: pip install "pytest-export-matrix[html]"'


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Renders results and opens the page. After the test nothing may have gone wrong on it."""
    opened: List[Opened] = []

    def show(found: Results, address: str = "", **context: Any) -> Any:
        path = tmp_path / "index.html"
        path.write_text(render(found), encoding="utf-8")
        opened.append(Opened(browser, path, **context))
        return opened[-1].go(address)

    yield show
    for each in opened:
        assert each.wrong == []
        each.context.close()


def matching(found: Results, **wanted: str) -> int:
    rows = [result.row() for result in found.cells]
    return sum(all(row[name] == value for name, value in wanted.items()) for row in rows)


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


def changed(found: Results) -> Results:
    first, second = found.cells[0].cell, found.cells[1].cell
    found.changes = Changes(
        "release 1.2",
        [
            Change(first, "broke", "passed", "failed at run"),
            Change(second, "fixed", f"failed at export {HOSTILE}", "passed"),
            Change(GONE, "gone", "passed", ""),
        ],
        [Summary("broke", "format=onnx", [first])],
        [("default", "torch", "2.13", "2.14")],
    )
    return found


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


def test_a_phone_never_scrolls_the_page_sideways(show: Any) -> None:
    page = show(changed(results()), viewport={"width": 390, "height": 800}, has_touch=True)
    page.locator("#filters summary").click()
    page.locator("#plots").scroll_into_view_if_needed()
    page.wait_for_selector("#stages .main-svg")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#list tbody tr").first.click()
    assert page.locator("dialog[open]").bounding_box()["width"] <= 390
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= 390


def test_on_a_phone_each_way_out_is_a_card_whose_entries_name_their_columns(show: Any) -> None:
    page = show(results(2), viewport={"width": 390, "height": 800})
    assert page.locator(".summary thead").is_hidden()
    box = page.locator(".scroll:has(.summary)")
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    entry = page.locator(".summary td.mark").first
    assert entry.evaluate("td => getComputedStyle(td, '::before').content") == '"Fixed size"'


def test_what_is_wider_than_a_phone_scrolls_in_a_box_that_says_so(show: Any) -> None:
    page = show(results(20), viewport={"width": 390, "height": 800})
    said = "box => getComputedStyle(box, '::before').content"
    assert page.locator("#map").evaluate(said) == '"scrolls sideways →"'
    assert page.locator(".scroll:has(.summary)").evaluate(said) == "none"
    page.locator("#map").evaluate("box => box.scrollTo(9999, 0)")
    page.wait_for_selector("#map:not(.more)")


BUTTONS = "button:not(:disabled, .disabled)"
CONTRAST = """selector => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const paint = (...colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        const light = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) =>
            part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
    };
    return [...document.querySelectorAll(selector)].filter((each) => each.innerText).map((each) => {
        const backs = [];
        for (let at = each; at; at = at.parentElement)
            backs.unshift(getComputedStyle(at).backgroundColor);
        const [back, text] = [paint(...backs), paint(...backs, getComputedStyle(each).color)];
        return (Math.max(back, text) + 0.05) / (Math.min(back, text) + 0.05);
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(show: Any, scheme: str) -> None:
    found = results(3)
    found.cells[0].flaky = True
    page = show(found, color_scheme=scheme)
    square(page, "net0, tracing").first.click()
    for selector in ("#map i", "#legend i", ".outcome", ".stage", "p, a", BUTTONS, "td, th"):
        contrasts = page.evaluate(CONTRAST, selector)
        assert contrasts and min(contrasts) >= 4.5, selector


def luminance(page: Any, property: str) -> int:
    color = page.evaluate(f"getComputedStyle(document.body).{property}")
    return sum(int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(","))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_light_or_dark_as_the_system_is(show: Any, scheme: str) -> None:
    page = show(results(), color_scheme=scheme)
    back, text = luminance(page, "backgroundColor"), luminance(page, "color")
    assert (back < text) == (scheme == "dark")


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
