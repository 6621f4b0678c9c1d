"""A browser: Debian's Chromium, or any other that is installed.

Without one these tests are skipped; with EXPORT_MATRIX_BROWSER=required they fail instead.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from miniatures.pages import Opened

from pytest_export_matrix.reporting.reporters.html import render
from pytest_export_matrix.results.results import Results

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="session")
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
