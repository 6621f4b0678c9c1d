"""README and the pages of docs/: short where people begin, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)\s]*)\)")


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 180


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        name, _, heading = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
            assert heading in slugs, target


def test_the_readme_names_every_page() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"(docs/{page.name})" in text for page in PAGES[2:])


def test_the_site_has_every_page() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    trees = "\n".join(re.findall(r"^```{toctree}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    there = re.findall(r"^(?:.*<)?([\w-]+)>?$", trees, re.MULTILINE)
    assert sorted([*there, "index"]) == [page.stem for page in PAGES[2:]]


def test_tox_checks_the_tables_of_every_page_that_has_markers() -> None:
    begin = re.compile(r"^<!-- export-matrix: begin .*-->$", re.MULTILINE)
    shown = {
        page.relative_to(ROOT).as_posix()
        for page in PAGES
        if begin.search(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S))
    }
    for file, command in (("tox.ini", "docs --check"), ("CONTRIBUTING.md", "docs")):
        text = (ROOT / file).read_text(encoding="utf-8")
        (checked,) = re.findall(
            rf"^    export-matrix {command} (.*) reports/results.json$", text, re.M
        )
        assert set(checked.split()) == shown
