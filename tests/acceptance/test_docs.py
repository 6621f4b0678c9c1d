"""The tables of a document follow the run: rewritten by one option, checked by another."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ONE_LANE, refused
from miniatures.project import Project, cell

#: An exporter and a runtime with a format of their own, so that there are few cells.
CONFTEST = """
import registration

def pytest_export_matrix_register(registry):
    registry.add(registration.tensors("classifier", "Classifier"))
    registry.add(registration.exporter("counts", lower="counts", format="mini"))
    registry.add(registration.runtime("answers_rightly", "AnswersRightly", format="mini"))
"""
PAGE = "Above.\n\n<!-- export-matrix: begin device=cpu -->\n<!-- export-matrix: end -->\n\nBelow.\n"
DOCS, CHECK = "--export-matrix-docs=page.md", "--export-matrix-docs-check"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    found = Project(tmp_path_factory.mktemp("docs") / "project")
    (found.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return found


@pytest.fixture
def page(project: Project) -> Path:
    path = project.root / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_a_whole_run_rewrites_and_checks_documents(project: Project, page: Path) -> None:
    run = project.run(*ONE_LANE, DOCS, cells=())
    text = page.read_text("utf-8")
    assert text.startswith("Above.\n\n<!-- export-matrix: begin device=cpu -->\n\n|  | tracing |")
    assert text.endswith("<!-- export-matrix: end -->\n\nBelow.\n")
    assert "Made from out/results.json." in text
    assert "page.md: rewritten" in run.output

    again = project.run(*ONE_LANE, DOCS, CHECK)
    assert again.code == run.code
    assert "as it has to be: page.md" in again.output
    assert page.read_text("utf-8") == text

    page.write_text(text.replace("Other sizes", "Other sizez"), encoding="utf-8")
    stale = project.run(*ONE_LANE, DOCS, CHECK)
    assert stale.code == 1
    assert "-| Other sizez |" in stale.output
    assert "to mend that: export-matrix docs page.md out/results.json" in stale.output


def test_a_run_of_a_selection_neither_rewrites_nor_checks_documents(
    project: Project, page: Path
) -> None:
    right = cell(method="counts", format="mini")
    run = project.run(*ONE_LANE, DOCS, cells=[right])
    assert run.code == 0
    assert "not a whole run: page.md left alone" in run.output
    assert page.read_text("utf-8") == PAGE

    run = project.run(*ONE_LANE, DOCS, CHECK, cells=[right])
    assert run.code == 1
    assert "not a whole run: page.md not checked" in run.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no markers\n", "no markers"),
        (PAGE.replace("<!-- export-matrix: end -->", ""), "a begin without an end"),
        (PAGE * 2, "asks for the same as the block of line 3"),
        (PAGE.replace("device", "divice"), "did you mean 'device'"),
    ],
)
def test_a_document_with_wrong_markers_is_refused_before_the_run(
    project: Project, page: Path, text: str, said: str
) -> None:
    page.write_text(text, encoding="utf-8")
    refused(project.run(DOCS), "page.md", said)
    assert page.read_text("utf-8") == text
