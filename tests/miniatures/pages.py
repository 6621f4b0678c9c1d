"""The page of a report in a browser: what a test does to it, and what it waits for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

from pytest_export_matrix.results.changes import Change, Changes, Summary
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell

#: Milliseconds: the machine may be busy.
PATIENCE = 120_000
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
#: The first cell of `matrices.results`, and one that no results have.
FIRST = "net0-tracing-torchscript-pytorch-cpu-fixed-1"
GONE = Cell("older", "tracing", "onnx", "onnxruntime", "cpu", "fixed", "1")


class Opened:
    """A page. It records what must not happen: messages on the console, requests to a network."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.path = path
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.wrong: List[str] = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))
        self.page.on("request", self._request)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("file:", "blob:", "data:")):
            self.wrong.append(f"request {request.url}")

    def go(self, address: str = "") -> Any:
        self.page.goto(self.path.as_uri() + address)
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page


def choose(page: Any, pane: str, value: str, panes: str = "#panes") -> None:
    """Click a value of a filter; the filters are folded until somebody opens them."""
    if panes == "#panes" and page.locator("#axes:not([open])").count():
        page.locator("#axes summary").click()
    values = page.locator(panes).get_by_role("table", name=f"Filter: {pane}").locator("tbody td")
    values.filter(has=page.get_by_text(value, exact=True)).click()


def square(page: Any, *parts: str) -> Any:
    """The square of the map whose name has all of these parts."""
    found = page.locator("#map .square")
    for part in parts:
        found = found.and_(page.locator(f'[aria-label*="{part}"]'))
    return found


def signs(square: Any) -> str:
    """The four signs of a square; a blank one is a space."""
    return "".join(mark or " " for mark in square.locator("i").all_inner_texts())


def until(page: Any, condition: str) -> None:
    """Wait until a condition in JavaScript holds, looked at once a frame.

    Playwright's wait_for_function has the page evaluate text, which the page's policy forbids as
    soon as the condition does not hold at the first look.
    """
    page.evaluate(
        """new Promise((done, failed) => {
            const late = setTimeout(() => failed(new Error("it never came true")), %d);
            const look = () => {
                if (!(%s)) return requestAnimationFrame(look);
                clearTimeout(late);
                done();
            };
            look();
        })"""
        % (PATIENCE, condition)
    )


MAPPED = """[...document.querySelectorAll("#map .square")]
    .reduce((sum, square) => sum + Number(/(\\d+) cells$/.exec(square.ariaLabel)[1]), 0)"""


def maps(page: Any, number: int) -> bool:
    """Wait until the squares of the map have `number` cells."""
    until(page, f"{MAPPED} === {number}")
    return True


def leave(page: Any) -> None:
    """Close the open cell, and wait until neither the page nor its address shows a cell."""
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog:not([open])", state="attached")
    until(page, "location.hash === ''")


def shows(page: Any, number: int) -> bool:
    """Wait until the filters leave `number` cells."""
    until(page, f"document.getElementById('shown').textContent.startsWith('{number} of ')")
    return True


def matching(found: Results, **wanted: str) -> int:
    rows = [result.row() for result in found.cells]
    return sum(all(row[name] == value for name, value in wanted.items()) for row in rows)


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
