"""Environments as a user meets them: in the ini file, in a lane of the display, in the command."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, List

import pytest
from miniatures.six import SIX, venvs

from pytest_export_matrix import Environment
from pytest_export_matrix.cli import main
from pytest_export_matrix.environments import declared, provisioned, records
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.execution.workers.pool import Pool
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.vocabulary.errors import UsageError


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (
            "ort_1_20: python=3.11 onnxruntime==1.20.* numpy",
            Environment("ort_1_20", "3.11", ["onnxruntime==1.20.*", "numpy"]),
        ),
        ("old : 'numpy < 2' six", Environment("old", "3.9", ["numpy < 2", "six"])),
        (
            "local: weights=names:old mine@file:///x.whl python-dateutil==2",
            Environment("local", "3.9", ["mine@file:///x.whl", "python-dateutil==2"], "names:old"),
        ),
    ],
)
def test_an_environment_may_be_a_line_of_the_ini_file(line: str, meant: Environment) -> None:
    assert declared.environment(line) == meant


@pytest.mark.parametrize("line", ["ort_1_20", "ort_1_20:", "old: 'numpy"])
def test_a_malformed_line_is_refused_with_an_example(line: str) -> None:
    with pytest.raises(UsageError, match="for instance ort_1_20: "):
        declared.environment(line)


def test_a_lane_shows_that_an_environment_is_being_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool([], 1, 1, tmp_path / "bytecode")
    dispatcher = Dispatcher(pool, Limits(60, 2**30, 1), [], str(tmp_path))
    available = Availability(dispatcher, {SIX.name: SIX})
    shown = []

    def provide(cache: Path, environment: Environment, stopped: Any, watch: Any, s: float) -> None:
        watch("installing")
        shown.extend((activity.what, activity.stage) for activity in dispatcher.activities.values())

    monkeypatch.setattr(provisioned, "provide", provide)

    assert available.environment_problem("six") is None
    assert available.environment_problem("six") is None, "which is asked once a run"
    assert shown == [("environment six", "installing")]
    assert dispatcher.activities == {}


def command(cache: Path, *words: str, code: int = 0) -> None:
    assert main(["environments", *words, "--cache", str(cache)]) == code


def test_the_command_lists_builds_and_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown() -> str:
        return capsys.readouterr().out

    command(tmp_path)
    empty = shown()
    record = provisioned.provide(tmp_path, SIX)
    command(tmp_path, "--list")
    listed = shown()
    command(tmp_path, "remove", "six")
    removed = shown()
    command(tmp_path)
    afterwards = shown()
    command(tmp_path, "build", "six")
    built = shown()
    command(tmp_path, "remove", "--all", "--forget")
    shown()
    command(tmp_path)

    assert f"0 B in {tmp_path}" in empty
    assert "six" in listed and record.packages.python in listed and " kB" in listed
    assert "removed" in removed and " kB" in removed
    assert "not installed" in afterwards
    assert "environment six: installing" in built
    assert f"environment six: Python {record.packages.python}, 1 packages" in built
    assert "six " not in shown()
    assert venvs(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["build", "sxi"], "no environment 'sxi'; did you mean 'six'?"),
        (["remove", "sxi"], "no environment 'sxi'; did you mean 'six'?"),
        (["remove"], "no environment is named"),
    ],
)
def test_the_command_refuses_an_unknown_or_missing_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: List[str], message: str
) -> None:
    provisioned.provide(tmp_path, SIX)
    command(tmp_path, *words, code=4)
    assert message in capsys.readouterr().err


def test_remove_all_also_removes_what_a_killed_build_left_behind(tmp_path: Path) -> None:
    provisioned.provide(tmp_path, SIX)
    place = records.place_of(tmp_path, SIX)
    shutil.copytree(place / venvs(tmp_path)[0], place / "venv-half")
    command(tmp_path, "remove", "--all")
    assert venvs(tmp_path) == []
