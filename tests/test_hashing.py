"""The digest of this package is part of every key: after any change every answer is made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_export_matrix.machine import hashing
from pytest_export_matrix.vocabulary.package import PACKAGE

FILES = sorted(str(path.relative_to(PACKAGE)) for path in Path(PACKAGE).rglob("*.py"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the whole package that the tests may change."""
    folder = tmp_path_factory.mktemp("copy") / "pytest_export_matrix"
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(PACKAGE, folder, ignore=ignored))


def test_a_copy_of_the_package_has_the_same_digest(copy: Path) -> None:
    assert hashing.package_digest(copy) == hashing.tool_digest()


@pytest.mark.parametrize("name", FILES)
def test_a_changed_line_anywhere_changes_the_digest(copy: Path, name: str) -> None:
    before, path = hashing.package_digest(copy), copy / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "# changed\n", encoding="utf-8")
    assert hashing.package_digest(copy) != before
    path.write_text(text, encoding="utf-8")
    assert hashing.package_digest(copy) == before
