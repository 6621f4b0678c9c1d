"""An exporter may write a folder in place of a file."""

from __future__ import annotations

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

CONFTEST = """
import pytest_export_matrix as em
import registration


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    for method in ("fills", "leaves_empty"):
        registry.add(em.Exporter(method, "folder", suffix=".folder", lower=f"mine:{method}",
            capture="pytest_export_matrix.exporters.tracing:trace"))
    registry.add(em.Runtime("reads", formats=["folder"], session="mine:Session", modules=["torch"]))
"""
MINE = """
import os

from pytest_export_matrix.runtimes import pytorch


def fills(captured, path, context):
    os.makedirs(f"{path}/inside")
    captured.save(f"{path}/inside/traced.pt")
    return "flat"


def leaves_empty(captured, path, context):
    os.makedirs(f"{path}/inside")
    return "flat"


class Session(pytorch.Session):
    def __init__(self, path, device, threads):
        super().__init__(f"{path}/inside/traced.pt", device, threads)
"""
FILLED = cell(method="fills", format="folder", runtime="reads")
EMPTY = cell(method="leaves_empty", format="folder", runtime="reads")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    project = Project(tmp_path_factory.mktemp("folders") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (project.root / "mine.py").write_text(MINE, encoding="utf-8")
    both = [FILLED, EMPTY]
    first = project.run(*ONE_LANE, cells=both)
    return first, project.run(*ONE_LANE, cells=both, reports="again")


def test_a_folder_is_loaded_and_kept_as_a_file_is(asked: tuple[Run, Run]) -> None:
    first, again = (run.rows[FILLED] for run in asked)
    assert first["outcome"] == "passed", asked[0].output
    assert first["artifact"]["bytes"] > 1000
    assert again["cached"] and again["artifact"] == first["artifact"]


def test_a_folder_without_a_file_is_none(asked: tuple[Run, Run]) -> None:
    row = asked[0].rows[EMPTY]
    assert (row["outcome"], row["stage"]) == ("failed", "export")
    assert row["reason"] == "mine:leaves_empty returned without writing a file"
