"""Environments are installed once, used only when they are whole, and their failures explained."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import psutil
import pytest
from miniatures import uvs
from miniatures.six import HERE, SIX, venvs
from miniatures.waiting import DEADLINE, wait_for

from pytest_export_matrix import Environment
from pytest_export_matrix.environments import provisioned, records, uv
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.machine.locks import RunStopped
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.errors import ProvisionError

OLD_SIX = "1.16.0"
PROVIDE = """
import sys
from pathlib import Path
from pytest_export_matrix import Environment
from pytest_export_matrix.environments import provisioned
environment = Environment("six", python=sys.argv[2], requirements=["six"])
print(provisioned.provide(Path(sys.argv[1]), environment).venv)
"""


def provider(cache: Path, stand_in: Path) -> "subprocess.Popen[str]":
    """A process that builds SIX with a stand-in for uv."""
    return subprocess.Popen(
        [sys.executable, "-c", PROVIDE, str(cache), HERE],
        env={**os.environ, "PATH": uvs.path_with(stand_in)},
        stdout=subprocess.PIPE,
        text=True,
    )


def refused(cache: Path, environment: Environment) -> str:
    with pytest.raises(ProvisionError) as error:
        provisioned.provide(cache, environment)
    assert venvs(cache) == []
    assert records.known(cache, environment) is None
    return str(error.value)


def test_an_environment_is_installed_when_it_is_first_asked_for(tmp_path: Path) -> None:
    assert records.known(tmp_path, SIX) is None
    assert records.python(tmp_path, SIX) is None
    steps: List[str] = []

    record = provisioned.provide(tmp_path, SIX, watch=steps.append)

    assert steps == ["waiting", f"finding Python {HERE}", "installing"]
    interpreter = records.python(tmp_path, SIX)
    assert interpreter is not None
    found = subprocess.run(
        [interpreter, "-c", "import platform, six; print(platform.python_version(), six.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    version, file = found.stdout.split()
    assert version == record.packages.python
    assert Path(file).is_relative_to(tmp_path)
    assert dict(record.packages.installed).keys() == {"six"}
    assert record.size > 10_000
    described = record.describe(())
    assert described.size_bytes == record.size
    assert described.install_seconds is not None and described.install_seconds > 0


def test_an_environment_is_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", uvs.path_with(uvs.counts(tmp_path / "bin")))
    first = provisioned.provide(tmp_path, SIX)
    other_name = Environment("other", python=HERE, requirements=("six",))

    assert provisioned.provide(tmp_path, SIX) == first
    assert provisioned.provide(tmp_path, other_name) == first
    assert uvs.calls(tmp_path / "bin") == ["venv", "pip"]


def test_other_requirements_make_another_environment(tmp_path: Path) -> None:
    older = Environment("six", python=HERE, requirements=[f"six=={OLD_SIX}"])
    newest, pinned = (provisioned.provide(tmp_path, each) for each in (SIX, older))
    assert dict(pinned.packages.installed) == {"six": OLD_SIX}
    assert newest.packages.installed != pinned.packages.installed
    assert len(venvs(tmp_path)) == 2


def test_the_order_of_requirements_does_not_matter(tmp_path: Path) -> None:
    one, other = (
        Environment("e", python=HERE, requirements=order)
        for order in (["six", "numpy"], ["numpy", "six"])
    )
    assert records.content_key(one) == records.content_key(other)


def test_two_processes_that_need_an_environment_at_once_install_it_once(tmp_path: Path) -> None:
    stand_in = uvs.counts(tmp_path / "bin")
    processes = [provider(tmp_path, stand_in) for _ in range(2)]
    answers = {process.communicate(timeout=DEADLINE)[0] for process in processes}
    assert len(answers) == 1
    assert uvs.calls(stand_in) == ["venv", "pip"]
    assert venvs(tmp_path) == [answers.pop().strip()]


def test_an_environment_whose_build_was_killed_is_not_used_but_built_anew(tmp_path: Path) -> None:
    stand_in = uvs.blocks_in_install(tmp_path / "bin")
    process = provider(tmp_path, stand_in)
    wait_for((stand_in / "begun").exists)
    children = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=DEADLINE)

    left = venvs(tmp_path)
    assert len(left) == 1, "that is what it had begun"
    assert records.known(tmp_path, SIX) is None
    assert records.python(tmp_path, SIX) is None
    if sys.platform == "linux":
        assert children
        assert psutil.wait_procs(children, timeout=DEADLINE)[1] == [], "uv ends with its parent"

    record = provisioned.provide(tmp_path, SIX)

    assert venvs(tmp_path) == [record.venv]
    assert record.venv not in left


def test_a_build_that_is_stopped_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = uvs.blocks_in_install(tmp_path / "bin")
    monkeypatch.setenv("PATH", uvs.path_with(stand_in))
    with pytest.raises(RunStopped):
        provisioned.provide(tmp_path, SIX, stopped=(stand_in / "begun").exists)
    assert venvs(tmp_path) == []
    assert psutil.Process().children() == []


def test_a_build_that_does_not_end_is_stopped_at_its_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = uvs.blocks_in_install(tmp_path / "bin")
    monkeypatch.setenv("PATH", uvs.path_with(stand_in))
    with pytest.raises(ProvisionError, match="no end after 3 s"):
        provisioned.provide(tmp_path, SIX, seconds=3)
    assert venvs(tmp_path) == []


def test_if_a_python_is_missing_the_error_names_the_command_that_installs_it(
    tmp_path: Path,
) -> None:
    text = refused(tmp_path, Environment("future", python="3.99", requirements=["six"]))
    assert "environment future: Python 3.99: " in text
    assert "uv python install 3.99" in text


def test_if_a_requirement_does_not_exist_the_error_names_a_command_to_try(tmp_path: Path) -> None:
    text = refused(tmp_path, Environment("bad", python=HERE, requirements=["six==99"]))
    assert "there is no version of six==99" in text
    assert f"--python {HERE} --with 'six==99'" in text


def test_the_error_names_a_malformed_requirement(tmp_path: Path) -> None:
    text = refused(tmp_path, Environment("bad", python=HERE, requirements=["six = 1"]))
    assert "six = 1" in text


def test_without_uv_the_error_names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install uv" in refused(tmp_path, SIX)


def test_uv_may_be_a_module_of_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "uv")
    assert uv.command() == [sys.executable, "-m", "uv"]


def test_if_the_cache_cannot_be_written_the_error_names_the_folder_and_the_option(
    tmp_path: Path,
) -> None:
    (tmp_path / "environments").touch()
    text = refused(tmp_path, SIX)
    assert str(tmp_path / "environments") in text
    assert "--export-matrix-cache=DIR" in text


def test_an_environment_with_a_damaged_record_is_built_anew(tmp_path: Path) -> None:
    first = provisioned.provide(tmp_path, SIX)
    path = records.place_of(tmp_path, SIX) / records.RECORD
    path.write_text(path.read_text("utf-8")[:40], encoding="utf-8")

    assert records.known(tmp_path, SIX) is None
    assert provisioned.provide(tmp_path, SIX).packages == first.packages
    assert len(venvs(tmp_path)) == 1


def as_if_installed_long_ago(cache: Path) -> None:
    """Make SIX an environment that was removed and that had an older version of six in it."""
    provisioned.provide(cache, SIX)
    place = records.place_of(cache, SIX)
    provisioned.remove(place)
    data = json.loads((place / records.RECORD).read_text("utf-8"))
    data["packages"]["versions"] = {"six": OLD_SIX}
    (place / records.RECORD).write_text(json.dumps(data), encoding="utf-8")


def test_a_removed_environment_is_installed_again_with_the_same_versions(tmp_path: Path) -> None:
    as_if_installed_long_ago(tmp_path)
    known = records.known(tmp_path, SIX)
    assert known and known.packages.installed == (("six", OLD_SIX),)
    assert records.python(tmp_path, SIX) is None

    assert provisioned.provide(tmp_path, SIX).packages.content == known.packages.content


def test_an_upgrade_installs_the_versions_of_today(tmp_path: Path) -> None:
    as_if_installed_long_ago(tmp_path)
    record = provisioned.provide(tmp_path, SIX, upgrade=True)
    assert record.packages.installed != (("six", OLD_SIX),)
    assert venvs(tmp_path) == [record.venv]


def test_an_upgrade_that_fails_keeps_the_old_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = provisioned.provide(tmp_path, SIX)
    stand_in = uvs.blocks_in_install(tmp_path / "bin")
    monkeypatch.setenv("PATH", uvs.path_with(stand_in))
    with pytest.raises(RunStopped):
        provisioned.provide(tmp_path, SIX, stopped=(stand_in / "begun").exists, upgrade=True)
    assert venvs(tmp_path) == [record.venv]
    assert records.python(tmp_path, SIX) is not None


def test_if_versions_are_gone_the_error_names_the_command_that_upgrades(
    tmp_path: Path,
) -> None:
    as_if_installed_long_ago(tmp_path)
    path = records.place_of(tmp_path, SIX) / records.RECORD
    path.write_text(path.read_text("utf-8").replace(OLD_SIX, "0.0.99"), encoding="utf-8")
    with pytest.raises(ProvisionError, match="environments build --upgrade six"):
        provisioned.provide(tmp_path, SIX)


def test_the_results_file_lists_the_required_and_the_imported_packages(tmp_path: Path) -> None:
    versions = {"numpy": "1.23.5", "pip": "24", "ruamel-yaml": "0.18.1", "six": "1.17.0"}
    spelled = {**{name: name for name in versions}, "ruamel-yaml": "ruamel.yaml"}
    packages = Packages("3.9.18", "Linux-x86_64", [], spelled, versions, {}, {}, {})
    required = ("six==1.*", "Ruamel.Yaml[jinja2] >= 0.18")
    record = records.Record("e", "3.9", required, (), packages, 1, "venv-1")
    assert record.describe(["numpy", "torch"]) == Versions(
        "3.9.18",
        "Linux-x86_64",
        {"numpy": "1.23.5", "ruamel.yaml": "0.18.1", "six": "1.17.0"},
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", ""),
        ("something", "something"),
        ("Resolved 1\nerror: No solution\n  cause: no six==99\nhint: x", "No solution: no six==99"),
        ("error: a\n" + "\n".join(f"  cause: {i}" for i in range(9)), "a: 6: 7: 8"),
    ],
)
def test_the_causes_in_the_output_of_uv_are_shown(said: str, shown: str) -> None:
    assert uv.explain(said) == shown
