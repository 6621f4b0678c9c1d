"""The documentation of this repository as a site, built as `tox run -e site` builds it."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_export_matrix import plugin
from pytest_export_matrix.results.file import load

for needed in ("sphinx", "myst_parser", "furo"):
    pytest.importorskip(needed)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html"]
    command += ["-d", str(folder / "doctrees"), "docs", str(folder / "html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return folder / "html"


def shown(page: Path) -> str:
    """The text of a page, without markup."""
    return html.unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8")))


def test_the_page_of_options_has_every_option(site: Path) -> None:
    text = shown(site / "reference-options.html")
    for name, *_ in (*plugin.VALUES, *plugin.LISTS, *plugin.FLAGS):
        assert f"--export-matrix-{name}" in text


def test_the_directive_shows_every_architecture(site: Path) -> None:
    text = (site / "architectures.html").read_text(encoding="utf-8")
    architectures = load(ROOT / "reports" / "results.json").axes["architecture"]
    assert text.count("<td><p>●</p></td>") > len(architectures)
    for name in architectures:
        assert f"<h2>{name}<" in text


def test_reports_of_detectron2_are_pages_that_others_link_to(site: Path) -> None:
    assert "published/beside_detectron2.html" in (site / "support.html").read_text("utf-8")
    assert "claim" in (site / "index.html").read_text("utf-8")
    assert (site / "published" / "beside_detectron2.html").exists()


def test_each_page_leads_to_the_page_of_the_matrix(site: Path) -> None:
    assert 'href="matrix/index.html"' in (site / "limits.html").read_text("utf-8")
    assert 'href="../matrix/index.html"' in (site / "published/changelog.html").read_text("utf-8")
