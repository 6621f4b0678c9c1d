"""The digest of what makes answers is part of every key: a change there makes all of them anew."""

from __future__ import annotations

import configparser
import os
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
def test_a_changed_line_changes_the_digest_where_answers_are_made(copy: Path, name: str) -> None:
    before, path = hashing.package_digest(copy), copy / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "# changed\n", encoding="utf-8")
    changed = hashing.package_digest(copy) != before
    assert changed is (Path(name).parts[0] not in hashing.AFTER_RESULTS)
    path.write_text(text, encoding="utf-8")
    assert hashing.package_digest(copy) == before


def test_what_makes_an_answer_imports_nothing_that_is_left_out() -> None:
    """They are the layers above `execution`, which import-linter keeps from being imported there.
    Add-ons stand above it as well and make answers."""
    layers = configparser.ConfigParser()
    layers.read(Path(__file__).parents[1] / ".importlinter")
    lines = layers["importlinter:contract:layers"]["layers"].split()
    above = {name for name in lines[: lines.index("execution")] if name != "|"} - {"addons"}
    assert above == {name.partition(".")[0] for name in hashing.AFTER_RESULTS}


def test_a_file_is_read_again_only_where_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read = tmp_path / "model.py", []
    monkeypatch.setattr(hashing, "SETTLED_SECONDS", -3600.0)
    monkeypatch.setattr(hashing, "file_digest", lambda path: read.append(path) or str(len(read)))
    file.write_text("one", encoding="utf-8")
    assert [hashing.settled_digest(file) for _ in range(3)] == ["1", "1", "1"]
    there = file.stat()
    file.write_text("two", encoding="utf-8")  # as long, and it claims to be as old
    os.utime(file, ns=(there.st_atime_ns, there.st_mtime_ns))
    assert [hashing.settled_digest(file) for _ in range(2)] == ["2", "2"]


def test_a_file_that_was_changed_just_now_is_read_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes within one tick of the clock have one time stamp."""
    file, read = tmp_path / "model.py", []
    monkeypatch.setattr(hashing, "file_digest", lambda path: read.append(path) or str(len(read)))
    file.write_text("one", encoding="utf-8")
    assert [hashing.settled_digest(file) for _ in range(2)] == ["1", "2"]
