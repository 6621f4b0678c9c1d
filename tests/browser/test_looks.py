"""How index.html looks in a real browser: on a phone, in the dark, to weak eyes."""

from __future__ import annotations

from typing import Any

import pytest
from miniatures.matrices import results
from miniatures.pages import changed, square


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
