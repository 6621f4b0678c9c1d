"""What a runtime's process may import: its engine, and nothing else of the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_export_matrix.vocabulary.package import ABOVE

SCRIPT = """
import sys
sys.path[:] = [{above!r}, *filter(None, sys.path[1:])]
from pytest_export_matrix.worker.imports import import_engine

engine = import_engine("engine:Session", [{project!r}], "model")
print(engine.helped)
try:
    import {module}
except ModuleNotFoundError as error:
    print(error)
else:
    print({module}.__file__)
"""
FILES = {
    "engine.py": "import helper, colorsys\nclass Session:\n    helped = helper.HELP",
    "helper.py": "HELP = 'helped'",
    "model.py": "",
    "layers.py": "",
    "colorsys/data": "",
}


def imported(tmp_path: Path, module: str) -> str:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    script = SCRIPT.format(above=ABOVE, project=str(tmp_path), module=module)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    helped, said = done.stdout.splitlines()
    assert helped == "helped"
    return said


def test_an_engine_may_consist_of_modules_beside_each_other(tmp_path: Path) -> None:
    assert imported(tmp_path, "helper") == str(tmp_path / "helper.py")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("model", "the file needs 'model': the model's own code, which a runtime does not have"),
        ("layers", "No module named 'layers'"),
    ],
)
def test_a_file_cannot_import_what_its_engine_did_not(
    tmp_path: Path, module: str, reason: str
) -> None:
    assert imported(tmp_path, module) == reason


def test_a_folder_of_the_project_takes_no_librarys_place(tmp_path: Path) -> None:
    assert Path(imported(tmp_path, "colorsys")).parent.parent != tmp_path
