"""--export-matrix-sees: which tensors of a model could a fault hide in, whatever the cells say?"""

from __future__ import annotations

from typing import Iterator

import pytest
from conftest import ONE_LANE, refused
from miniatures.project import Project, Run, cell

CONFTEST = """
import pytest_export_matrix as em


def pytest_export_matrix_register(registry):
    def add(name, factory, **more):
        registry.add(em.Architecture(name, build=f"unlit:{factory}", sizes=[(24, 32)],
                                     other_sizes=[(32, 40)], **more))

    add("in_the_dark", "TwoLevels")
    add("lit", "TwoLevels", inputs="unlit:inputs_with_a_bright_one", adversarial={"bright": 7})
    add("zeros", "ZerosAndIndices")
    add("dies", "DiesWhenDisturbed")
"""
NAMES = ("in_the_dark", "lit", "zeros", "dies")
CELLS = [
    cell(name, runtime="pytorch", resolution=resolution)
    for name in NAMES
    for resolution in ("fixed", "dynamic")
]
DARK = "the inputs of in_the_dark see 2 of 4 tensors (50 %); not: coarse.weight, coarse.bias"


@pytest.fixture(scope="module", autouse=True)
def wide_terminal() -> Iterator[None]:
    """Lines are cut at its edge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "120")
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("sees") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    return project.run(*ONE_LANE, "--export-matrix-sees=95", cells=CELLS)


def test_what_no_input_notices_is_listed_beside_cells_that_pass(run: Run) -> None:
    assert set(run.outcomes.values()) == {"passed"} and run.code == 0
    assert DARK in run.output.splitlines()
    assert run.results["sights"]["in_the_dark"] == {
        "tensors": 4,
        "unseen": ["coarse.weight", "coarse.bias"],
        "problem": "",
    }


def test_an_input_that_reaches_the_part_completes_them(run: Run) -> None:
    assert run.results["sights"]["lit"] == {"tensors": 4, "unseen": [], "problem": ""}


def test_a_tensor_of_zeros_is_disturbed_and_one_of_integers_is_not_counted(run: Run) -> None:
    assert run.results["sights"]["zeros"] == {"tensors": 2, "unseen": [], "problem": ""}
    assert "all tensors are seen by the inputs of 2 models" in run.output.splitlines()


def test_a_model_that_dies_of_it_keeps_its_verdicts(run: Run) -> None:
    said = "what the inputs of dies see is not known: killed by SIGABRT"
    assert any(line.startswith(said) for line in run.output.splitlines())


def test_nodes_of_xdist_tell_what_they_saw(project: Project, run: Run) -> None:
    cells = CELLS[:4]
    again = project.run("-n", "2", "--export-matrix-sees=50", cells=cells, reports="nodes")
    assert DARK in again.output.splitlines()
    kept = {name: run.results["sights"][name] for name in NAMES[:2]}
    assert again.results["sights"] == kept


def test_nothing_is_looked_at_unless_a_project_asks(project: Project, run: Run) -> None:
    again = project.run(*ONE_LANE, cells=CELLS[:2], reports="unasked")
    assert again.results["sights"] == {}
    assert "tensors" not in again.output
    assert "; 2 answered from the cache" in again.output


@pytest.mark.parametrize("percent", ["101", "0", "all"])
def test_a_percentage_that_is_none_is_refused(project: Project, percent: str) -> None:
    refused(
        project.run(f"--export-matrix-sees={percent}", cells=CELLS[:1]),
        f"--export-matrix-sees {percent}: ",
        "--export-matrix-sees",
    )
