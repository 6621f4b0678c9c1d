"""Which files count as what an answer was made from."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

from pytest_export_matrix.machine.hashing import file_digest
from pytest_export_matrix.vocabulary.package import PACKAGE
from pytest_export_matrix.worker.dependencies import Dependencies

OURS = Path(PACKAGE) / "__init__.py"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project. Its modules, and only these, are imported."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "net.py").write_text("first")
    monkeypatch.setattr(sys, "modules", {})
    return folder


def import_from(path: Path) -> None:
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    sys.modules[path.stem] = module


def found(project: Path, cache: str = "") -> "dict[str, str]":
    return Dependencies([str(project)], cache).files()


def test_a_module_of_the_project_counts_with_its_content(project: Path) -> None:
    import_from(project / "net.py")
    assert found(project) == {str(project / "net.py"): file_digest(project / "net.py")}


def test_a_module_in_a_linked_folder_counts_by_where_it_really_lies(project: Path) -> None:
    (project / "linked").symlink_to(OURS.parent)
    (project / "again").symlink_to(project)
    import_from(project / "linked" / OURS.name)
    import_from(project / "again" / "net.py")
    assert set(found(project)) == {str(project / "again" / "net.py")}


def test_a_module_that_is_a_link_counts_by_where_it_really_lies(project: Path) -> None:
    (project / "ours.py").symlink_to(OURS)
    import_from(project / "net.py")
    import_from(project / "ours.py")
    assert set(found(project)) == {str(project / "net.py")}


def test_a_file_of_the_folder_with_keys_of_its_own_does_not_count(project: Path) -> None:
    import_from(project / "net.py")
    assert found(project, cache=str(project)) == {}


def test_a_temporary_file_does_not_count(project: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".py") as file:
        import_from(Path(file.name))
        assert found(project) == {}


def test_a_file_that_is_written_as_well_does_not_count(project: Path) -> None:
    dependencies = Dependencies([str(project)], "")
    (project / "statistics").write_text("1")
    for name in ("net.py", "statistics"):
        (project / name).read_text()
    assert set(dependencies.files()) == {str(project / "net.py")}
