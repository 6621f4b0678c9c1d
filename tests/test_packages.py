"""Which packages an answer depends on: those that its task used, as the worker saw it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from pytest_export_matrix.environments import current, inspection
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.machine.json_files import convert
from pytest_export_matrix.vocabulary.package import ABOVE
from pytest_export_matrix.vocabulary.used import EVERYTHING, Used
from pytest_export_matrix.worker import used as module

TORCH = {
    "torch": "2.14",
    "sympy": "1.13",
    "mpmath": "1.3",
    "nvidia-cublas": "13",
    "pandas": "2",
    "ruff": "0.15",
}
MODULES = {**{name: [name] for name in ("torch", "sympy", "mpmath")}, "nvidia": ["nvidia-cublas"]}
REQUIRES = {"torch": ["sympy", "nvidia-cublas", "triton"], "sympy": ["mpmath"]}


def packages(
    versions: Dict[str, str], start: Optional[List[str]] = None, revision: str = ""
) -> Packages:
    modules = {**MODULES, **{name: [name] for name in ("onnx", "triton") if name in versions}}
    revisions = {"torch": revision} if revision else {}
    names = {name: name for name in versions}
    return Packages("3.11", "Linux", start or [], names, versions, revisions, modules, REQUIRES)


def test_a_record_in_which_a_package_has_no_name_is_refused() -> None:
    record = {**asdict(packages(TORCH)), "names": {}}
    with pytest.raises(ValueError, match="a version and those with a name"):
        convert(record, Packages)


def test_a_package_counts_with_all_that_it_requires() -> None:
    assert packages(TORCH).behind(["torch"]) == set(TORCH) - {"pandas", "ruff"}


@pytest.mark.parametrize(
    ("now", "same"),
    [
        (packages({**TORCH, "ruff": "1.0", "playwright": "1.50"}), True),
        (packages({name: version for name, version in TORCH.items() if name != "ruff"}), True),
        (packages({**TORCH, "pandas": "3"}), True),  # only looked for, and there before
        (packages({**TORCH, "monkeytype": "23"}), False),  # only looked for, and not there before
        (packages({**TORCH, "torch": "2.15"}), False),
        (packages({**TORCH, "mpmath": "1.4"}), False),
        (packages({**TORCH, "onnx": "1.20"}), False),  # it was looked for
        (packages({**TORCH, "triton": "3.7"}), False),  # torch requires it
        (packages(TORCH, start=["torch.backends: npu = torch_npu"]), False),
        (packages(TORCH, revision="0123abc"), False),
    ],
)
def test_what_was_used_is_another_state_where_one_of_it_is_another(
    now: Packages, same: bool
) -> None:
    used = Used(["onnx", "torch"], sought=["monkeytype", "pandas"])
    assert (now.state(used) == packages(TORCH).state(used)) is same


def test_where_it_is_not_known_what_was_used_every_package_counts() -> None:
    with_browser = packages({**TORCH, "playwright": "1.50"})
    assert with_browser.state(EVERYTHING) != packages(TORCH).state(EVERYTHING)


def test_to_install_this_package_again_leaves_every_answer() -> None:
    again = packages({**TORCH, "pytest-export-matrix": "0.1.0"})
    assert again.state(EVERYTHING) == packages(TORCH).state(EVERYTHING)


def test_what_is_installed_here_is_known_with_its_modules() -> None:
    found = current.packages()
    assert found.modules["_pytest"] == ["pytest"] and found.modules["numpy"] == ["numpy"]
    assert "pluggy" in found.requires["pytest"]
    assert not [each for each in found.start if each.startswith(("pytest11", "console_scripts"))]


def mine(origin: Dict[str, Any]) -> Packages:
    """An environment with one package, which comes from `origin`."""
    found: Dict[str, Any] = {name: {"mine": "mine"} for name in ("names", "versions")}
    found.update(python="3.11", platform="Linux", start=[], modules={}, requires={})
    return Packages.inspected({**found, "origins": {"mine": origin}}, fresh=False)


@pytest.mark.parametrize(
    ("origin", "counts"),
    [
        ({"url": "file:///mine", "dir_info": {"editable": True}}, False),
        ({"url": "file:///mine", "dir_info": {}}, True),
        ({"url": "https://example.org/a.whl", "archive_info": {}}, True),
    ],
)
def test_another_build_of_a_version_counts_and_a_folder_of_the_user_does_not(
    origin: Dict[str, Any], counts: bool
) -> None:
    """An edit there concerns those answers alone that were made from the edited file."""

    def state(record: str) -> str:
        return mine({**origin, "record": record}).state(EVERYTHING)

    assert (state("one") != state("other")) is counts


def test_a_commit_counts() -> None:
    origin = {"url": "git+https://example.org", "vcs_info": {"commit_id": "0123"}, "record": ""}
    assert mine(origin).revisions == {"mine": "0123"}


RECORDED = """
import json, sys
sys.path.insert(0, {above!r})
from pytest_export_matrix.worker.used import Recorder
recorder = Recorder().start()
{code}
used = recorder.used()
print(json.dumps([used.names, used.sought, used.everything]))
"""


def used_by(code: str, python: str = sys.executable) -> Used:
    text = RECORDED.format(above=ABOVE, code=code)
    done = subprocess.run([python, "-c", text], capture_output=True, text=True, check=True)
    return Used(*json.loads(done.stdout.splitlines()[-1]))


def test_modules_that_are_imported_or_looked_for_are_used() -> None:
    code = """
import importlib.util, numpy.linalg
importlib.util.find_spec("no_such_module")
importlib.util.find_spec("pluggy")
try:
    import neither
except ImportError:
    pass
"""
    used = used_by(code)
    assert {"no_such_module", "neither", "pluggy"} <= set(used.sought)
    assert "numpy" in used.names and "pluggy" not in used.names
    assert not used.everything and "json" not in {*used.names, *used.sought}


def test_packages_whose_metadata_is_asked_for_are_used() -> None:
    code = """
from importlib import metadata
metadata.version("packaging")
try:
    metadata.version("no-such-package")
except metadata.PackageNotFoundError:
    pass
"""
    assert {"packaging", "no-such-package"} <= set(used_by(code).names)


def test_a_package_whose_file_is_read_is_used_though_it_is_not_imported() -> None:
    code = """
import os, importlib.util
place = importlib.util.find_spec("numpy").submodule_search_locations[0]
tabulate = os.path.join(os.path.dirname(place), "tabulate")
open(os.path.join(tabulate, "__init__.py")).close()
"""
    assert "tabulate" in used_by(code).names and "" not in used_by(code).names


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess; subprocess.run('true', shell=True)",
        "import subprocess; subprocess.run([sys.executable, '-c', ''])",
        "import os; os.system('true')",
        "import os; os.fork() or os._exit(0)",
        "import subprocess; subprocess.run(SCRIPT, shell=False)",
    ],
)
def test_another_process_with_python_is_out_of_sight(code: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{sys.executable}\n")
    script.chmod(0o755)
    assert used_by(code.replace("SCRIPT", repr(str(script)))).everything


def test_a_compiler_uses_no_package() -> None:
    assert not used_by("import subprocess; subprocess.run('ls')").everything


def test_a_program_of_a_package_is_told_from_one_of_the_system(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    code = f"import subprocess; subprocess.run([{str(tmp_path / 'venv' / 'bin' / 'tool')!r}])"
    tool = tmp_path / "venv" / "bin" / "tool"
    tool.symlink_to("/bin/true")
    assert used_by(code, str(tmp_path / "venv" / "bin" / "python")).everything
    assert not used_by(code).everything


def test_the_files_of_a_package_are_read_where_it_names_no_modules(tmp_path: Path) -> None:
    folder = tmp_path / "site-packages" / "thing-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        "Name: Thing\nVersion: 1.0\nRequires-Dist: six\nRequires-Dist: x; extra == 'y'"
    )
    (folder / "RECORD").write_text(
        "thing/__init__.py,,\nthing.libs/a.so,,\n_c.abi3.so,,\n../bin/a,,\n"
    )
    (tmp_path / "site-packages" / "thing.pth").write_text("/elsewhere")
    code = f"import sys; sys.path.insert(0, {str(folder.parent)!r}); exec(open(sys.argv[1]).read())"
    words = [sys.executable, "-c", code, inspection.__file__]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert (found["names"]["thing"], found["versions"]["thing"]) == ("Thing", "1.0")
    assert (found["modules"]["thing"], found["modules"]["_c"]) == (["thing"], ["thing"])
    assert found["requires"]["thing"] == ["six"]
    assert any(each.startswith("thing.pth ") for each in found["start"])


def test_a_launcher_of_another_process_is_seen_by_its_module() -> None:
    code = "import multiprocessing as m; p = m.get_context('spawn').Process(); p.start(); p.join()"
    assert used_by(f"if __name__ == '__main__': {code}").everything
    assert module.STARTERS and os.path.exists(module.__file__)
