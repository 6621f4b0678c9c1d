"""ExecuTorch, as it is installed beside PyTorch: 95 MB, without what only its examples need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons import executorch
from pytest_export_matrix.addons.executorch import sessions
from pytest_export_matrix.environments import uv
from pytest_export_matrix.vocabulary.outcomes import Failure

#: What an export and a run import. All that the package asks for is 450 MB.
PACKAGES = ("executorch==1.5.1", "torchao==0.18.0", "flatbuffers", "ruamel.yaml", "tabulate")
CONFTEST = """
import registration
from pytest_export_matrix.on_request import EXECUTORCH


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    registry.add(registration.tensors("sorts", "edge:Sorts"))
    registry.add(registration.tensors("measures", "edge:Measures"))
    for entry in EXECUTORCH:
        registry.add(entry)
"""
MODELS = """
import torch


class Sorts(torch.nn.Module):
    def forward(self, batch):
        return batch.flatten(1).sort(1).values


class Measures(torch.nn.Module):
    # torch.export finds that int(...) is 16 for the example, and has its own files check it.
    def forward(self, batch):
        return batch.mean((2, 3)) * int(batch.shape[2] * 0.7)
"""


def in_executorch(method: str, runtime: str, **others: str) -> str:
    return cell(**{"method": method, "format": "pte", "runtime": runtime, **others})


ANY = {"resolution": "dynamic", "batch": "dynamic"}
RIGHT = [
    in_executorch("executorch", "executorch"),
    in_executorch("executorch_xnnpack", "executorch", **ANY),
    in_executorch("executorch_xnnpack", "executorch_cpp", **ANY),
]
SORTS = in_executorch("executorch", "executorch_cpp", architecture="sorts")
MEASURES = in_executorch(
    "executorch", "executorch_cpp", architecture="measures", resolution="dynamic"
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """ExecuTorch in a folder of its own, which the project of these tests can import from."""
    folder = tmp_path_factory.mktemp("executorch")
    words = ["pip", "install", "--no-deps", "--python", sys.executable, "--target", str(folder)]
    subprocess.run([*uv.command(), *words, *PACKAGES], check=True)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        yield


@pytest.fixture(scope="module")
def ran(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("engine") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (project.root / "edge.py").write_text(MODELS, encoding="utf-8")
    return project.run(*ONE_LANE, cells=[*RIGHT, SORTS, MEASURES])


def test_files_for_both_kinds_of_kernels_answer_rightly_in_both_languages(ran: Run) -> None:
    assert {name: ran.outcomes[name] for name in RIGHT} == dict.fromkeys(RIGHT, "passed"), (
        ran.output
    )


def test_an_operator_that_the_runtime_lacks_is_named(ran: Run) -> None:
    row = ran.rows[SORTS]
    assert (row["outcome"], row["stage"]) == ("failed", "load"), row["reason"]
    assert "aten::sort" in row["reason"].splitlines()[0]


def test_a_file_that_lost_what_torch_export_checks_answers_wrongly_and_is_caught(ran: Run) -> None:
    row = ran.rows[MEASURES]
    assert (row["outcome"], row["stage"]) == ("failed", "compare"), row["reason"]


def test_the_results_name_the_version_of_executorch(ran: Run) -> None:
    assert ran.results["environments"]["default"]["packages"]["executorch"].startswith("1.5.1")


def test_a_package_without_its_libraries_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "executorch").mkdir()
    (tmp_path / "executorch" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Failure, match="no C\\+\\+ libraries"):
        executorch.build(str(tmp_path))


@pytest.mark.parametrize("session", [sessions.PythonSession, sessions.CppSession])
def test_executorch_says_on_which_device_it_cannot_run(session: Any) -> None:
    assert session.problem("cpu") is None
    assert "cuda" in session.problem("cuda")
