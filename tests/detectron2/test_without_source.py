"""A run in which detectron2 cannot be installed, seen from outside."""

from __future__ import annotations

import pytest
from miniatures.project import Project, Run

# Only the requirements that are needed to get as far as the source are installed.
CONFTEST = """
import dataclasses

from pytest_export_matrix.addons.detectron2.entries import entries
from pytest_export_matrix.addons.detectron2.zoo import Model
from pytest_export_matrix.vocabulary.entries import Environment


def pytest_export_matrix_register(registry):
    models = {{"net": Model("COCO-Detection/net.yaml")}}
    for entry in entries(source="", source_0_6={source!r}, models=models):
        if isinstance(entry, Environment):
            entry = dataclasses.replace(entry, requirements=("six",))
        registry.add(entry)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("without")
    project = Project(folder / "project")
    text = CONFTEST.format(source=str(folder / "no_such_folder"))
    (project.root / "conftest.py").write_text(text, encoding="utf-8")
    return project.run("--export-matrix-select", "device=cpu", "--export-matrix-workers", "1")


def test_every_cell_is_unavailable_for_the_reason_that_uv_gives(ran: Run) -> None:
    assert set(ran.outcomes.values()) == {"unavailable"}
    reasons = {row["reason"] for row in ran.rows.values()}
    assert len(reasons) == 1
    (reason,) = reasons
    assert "environment detectron2_0_6" in reason
    assert "no_such_folder" in reason


def test_the_table_beside_the_published_one_claims_nothing(ran: Run) -> None:
    text = (ran.reports / "beside_detectron2.md").read_text(encoding="utf-8")
    assert "None of the cells" in text
