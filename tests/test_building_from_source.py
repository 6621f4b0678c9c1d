"""Packages that are built from source after all other requirements, and their recorded commits."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from miniatures.six import HERE

from pytest_export_matrix import Environment
from pytest_export_matrix.environments import provisioned, records
from pytest_export_matrix.environments.revisions import revision
from pytest_export_matrix.vocabulary.errors import ProvisionError

THERE = ["six", "setuptools", "wheel"]
NEEDS_SIX = """
import six
from setuptools import setup

setup(name="needs-six", version="1.0", py_modules=[])
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "setup.py").write_text(NEEDS_SIX, encoding="utf-8")
    return folder


@pytest.fixture
def repository(source: Path) -> Path:
    """The source, committed."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    git(source, "init", "--quiet")
    git(source, "add", ".")
    return commit(source)


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    line = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> Path:
    git(folder, "commit", "--quiet", "--all", "--message", "a state of it")
    return folder


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


def last(*afterwards: str) -> Environment:
    return Environment("last", python=HERE, requirements=THERE, afterwards=list(afterwards))


def shown(record: records.Record) -> str:
    """The version as a results file shows it."""
    return str(record.describe([]).packages["needs-six"])


def test_a_source_is_built_with_the_requirements_that_are_installed(
    tmp_path: Path, source: Path
) -> None:
    cache = tmp_path / "cache"
    alone = Environment("alone", python=HERE, requirements=[*THERE, str(source)])
    with pytest.raises(ProvisionError, match="No module named 'six'"):
        provisioned.provide(cache, alone)
    record = provisioned.provide(cache, last(str(source)))
    assert ("needs-six", "1.0") in record.packages.installed
    assert record.packages.revisions == {}
    assert records.known(cache, last(str(source))) == record
    assert record.environment == last(str(source))


def test_a_folder_under_git_is_built_anew_when_it_changes(tmp_path: Path, repository: Path) -> None:
    environment = last(f"needs-six @ {repository.as_uri()}")
    setup, built = repository / "setup.py", []

    def build() -> str:
        revision.cache_clear()  # as in another run
        assert records.known(tmp_path, environment) is None
        built.append(provisioned.provide(tmp_path, environment))
        assert records.known(tmp_path, environment) == built[-1]
        return shown(built[-1])

    assert build() == f"1.0 ({head(repository)})"
    setup.write_text(f"{NEEDS_SIX}# changed", encoding="utf-8")
    assert build().startswith(f"1.0 ({head(repository)} changed ")
    commit(repository)
    assert build() == f"1.0 ({head(repository)})"
    assert len({str(record.packages.content) for record in built}) == len(built)


def test_an_environment_is_another_one_when_a_required_folder_under_git_changes(
    repository: Path,
) -> None:
    environment = Environment("needing", python=HERE, requirements=[str(repository)])
    keys = [records.content_key(environment)]
    for line in ("# changed", "# and again"):
        (repository / "setup.py").write_text(f"{NEEDS_SIX}{line}", encoding="utf-8")
        revision.cache_clear()  # as in another run
        keys.append(records.content_key(environment))
    assert len(set(keys)) == len(keys)


def test_a_package_from_a_git_url_is_recorded_with_its_commit(
    tmp_path: Path, repository: Path
) -> None:
    record = provisioned.provide(tmp_path, last(f"needs-six @ git+{repository.as_uri()}"))
    assert record.packages.revisions == {"needs-six": head(repository)}
    assert records.known(tmp_path, record.environment) == record


def test_a_folder_that_git_does_not_know_has_no_revision(repository: Path) -> None:
    beside = repository / "unpacked"
    beside.mkdir()
    for requirement in (str(beside), str(repository / "nowhere"), "six==1.16.0"):
        assert revision(requirement) == ""
