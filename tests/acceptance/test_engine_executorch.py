"""ExecuTorch, as it is installed beside PyTorch: 95 MB, without what only its examples need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons.executorch import sessions

#: What an export and a run import. All that the package asks for is 450 MB.
PACKAGES = ("executorch==1.5.1", "torchao==0.18.0", "flatbuffers", "ruamel.yaml", "tabulate")
CONFTEST = """
import registration
from pytest_export_matrix.on_request import EXECUTORCH


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier", "bakes_its_height"])
    for entry in EXECUTORCH:
        registry.add(entry)
"""


def in_executorch(method: str, runtime: str, **others: str) -> str:
    return cell(**{"method": method, "format": "pte", "runtime": runtime, **others})


ANY = {"resolution": "dynamic", "batch": "dynamic"}
PYTHON = in_executorch("executorch", "executorch")
CPP = in_executorch("executorch_xnnpack", "executorch_cpp")
PYTHON_ANY = in_executorch("executorch_xnnpack", "executorch", **ANY)
CPP_ANY = in_executorch("executorch", "executorch_cpp", **ANY)
BAKED = in_executorch(
    "executorch", "executorch_cpp", architecture="bakes_its_height", resolution="dynamic"
)
RIGHT = [PYTHON, CPP, PYTHON_ANY, CPP_ANY]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """ExecuTorch in a folder of its own, which the projects of these tests can import from."""
    folder = tmp_path_factory.mktemp("executorch")
    uv = [shutil.which("uv")] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    words = ["pip", "install", "--no-deps", "--python", sys.executable, "--target", str(folder)]
    subprocess.run([*uv, *words, *PACKAGES], check=True)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        yield


@pytest.fixture(scope="module")
def ran(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("engine") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project.run(*ONE_LANE, cells=[*RIGHT, BAKED])


def test_files_for_both_kinds_of_kernels_answer_rightly_in_both_languages(ran: Run) -> None:
    assert {name: ran.outcomes[name] for name in RIGHT} == dict.fromkeys(RIGHT, "passed"), (
        ran.output
    )


def test_a_height_that_the_model_bakes_in_is_refused_by_the_export(ran: Run) -> None:
    row = ran.rows[BAKED]
    assert (row["outcome"], row["stage"]) == ("failed", "export"), row["reason"]
    assert "height" in row["reason"] or "Constraints violated" in row["reason"]


def test_the_results_name_the_version_of_executorch(ran: Run) -> None:
    assert ran.results["environments"]["default"]["packages"]["executorch"].startswith("1.5.1")


@pytest.mark.parametrize("session", [sessions.PythonSession, sessions.CppSession])
def test_executorch_says_on_which_device_it_cannot_run(session: type) -> None:
    assert session.problem("cpu") is None  # type: ignore[attr-defined]
    assert "cuda" in session.problem("cuda")  # type: ignore[attr-defined]
