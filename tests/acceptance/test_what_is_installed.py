"""An answer holds for what it used of the installed packages, in each environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, cell
from test_cache import edit

USES_A_LIBRARY, USES_NONE = cell("halves"), cell("doubles")
ELSEWHERE, FROM_ELSEWHERE = cell("doubles", runtime="elsewhere"), cell("doubles", method="older")


def cached(project: Project, *cells: str) -> Dict[str, bool]:
    run = project.run(*ONE_LANE, cells=cells)
    assert set(run.outcomes.values()) == {"passed"}, run.output
    return {name: run.rows[name]["cached"] for name in cells}


def install(folder: Path, name: str, version: str) -> None:
    """Put a package with one module into `folder`, in place of another version of it."""
    for older in folder.glob(f"{name}-*"):
        (older / "METADATA").unlink()
        (older / "RECORD").unlink()
        older.rmdir()
    information = folder / f"{name}-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n", encoding="utf-8")
    (information / "RECORD").write_text(f"{name}.py,,\n", encoding="utf-8")
    (folder / f"{name}.py").write_text("", encoding="utf-8")


def test_beside_pytest_only_a_package_that_a_model_uses_makes_it_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, site = Project(tmp_path / "project", "halves", "doubles"), tmp_path / "site-packages"
    edit(project.root / "halves.py", "import torch\n", "import of_the_model\nimport torch\n")
    path = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    install(site, "of_the_model", "1.0")
    assert cached(project, USES_A_LIBRARY, USES_NONE) == {USES_A_LIBRARY: False, USES_NONE: False}

    install(site, "linter", "1.0")
    assert cached(project, USES_A_LIBRARY, USES_NONE) == {USES_A_LIBRARY: True, USES_NONE: True}

    install(site, "of_the_model", "2.0")
    assert cached(project, USES_A_LIBRARY, USES_NONE) == {USES_A_LIBRARY: False, USES_NONE: True}

    install(site, "of_the_model", "1.0")
    assert cached(project, USES_A_LIBRARY, USES_NONE) == {USES_A_LIBRARY: True, USES_NONE: True}


CONFTEST = """
import pytest_export_matrix as em
import registration


def pytest_export_matrix_register(registry):
    registration.register(registry, ["doubles"])
    registry.add(
        em.Runtime(
            "elsewhere", formats=["torchscript"], session="sessions:DoublesWithNumpy",
            modules=["numpy"], environment="older",
        )
    )
    registry.add(
        em.Exporter(
            "older", "torchscript", capture="pytest_export_matrix.exporters.tracing:trace",
            lower="exporters:counts", suffix=".pt", modules=["torch"], environment="torch_1_10",
        )
    )
"""
INI = """
[pytest]
export_matrix_environments =
    older: python=3.9 {runtime}
    torch_1_10: python=3.9 torch==1.10.2 safetensors packaging 'setuptools<70' {exporter}
"""


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("runtime", ELSEWHERE),
        pytest.param("exporter", FROM_ELSEWHERE, marks=pytest.mark.full),  # it is 2 GB, three times
    ],
)
def test_another_package_in_its_environment_leaves_an_answer_and_another_numpy_does_not(
    tmp_path: Path, what: str, name: str
) -> None:
    project = Project(tmp_path / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    found = []
    for wanted in ("numpy==1.23.5", "numpy==1.23.5 iniconfig", "numpy==1.23.4 iniconfig"):
        given = {"runtime": "numpy==1.23.5", "exporter": "numpy==1.23.5", what: wanted}
        (project.root / "pytest.ini").write_text(INI.format(**given), encoding="utf-8")
        found.append(cached(project, name)[name])
    assert found == [False, True, False]
