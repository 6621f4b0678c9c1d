"""A model that is prepared for an export method has plain and prepared cells of that method."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

CONFTEST = """
import pytest_export_matrix as em

PREPARATIONS = ("takes_no_branch", "answers_otherwise", "says_nothing", "raises", "is_not_there")


def pytest_export_matrix_register(registry):
    for name in PREPARATIONS:
        registry.add(
            em.Architecture(
                name,
                build="preparations:branches_on_data",
                inputs="models:image_batch",
                sizes=[(24, 32)],
                other_sizes=[(32, 40), (17, 23)],
                preparations={"torch_export": f"preparations:{name}"},
            )
        )
"""


def exported(architecture: str, resolution: str = "fixed", format: str = "pt2") -> str:
    runtime = {"pt2": "pytorch", "onnx": "onnxruntime"}[format]
    return cell(architecture, "torch_export", format, runtime, resolution=resolution)


def prepared(architecture: str, resolution: str = "fixed", format: str = "pt2") -> str:
    return f"{exported(architecture, resolution, format)}-prepared"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("preparations") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    return project.run(
        *ONE_LANE,
        "--export-matrix-select=device=cpu,batch=1,method=torch_export,runtime=pytorch",
        "--export-matrix-select=architecture=takes_no_branch,device=cpu,batch=1,method=tracing",
        f"--export-matrix-repro={project.root / 'repro'}",
    )


def test_the_plain_model_cannot_be_exported(run: Run) -> None:
    row = run.rows[exported("takes_no_branch")]
    assert (row["outcome"], row["stage"], row["preparation"]) == ("failed", "export", "plain")


@pytest.mark.parametrize("resolution", ["fixed", "dynamic"])
def test_the_prepared_model_is_exported_and_the_cell_says_what_was_changed(
    run: Run, resolution: str
) -> None:
    row = run.rows[prepared("takes_no_branch", resolution)]
    assert (row["outcome"], row["preparation"]) == ("passed", "prepared"), row["reason"]
    assert row["reason"] == "the branch is left out"


def test_other_methods_have_no_prepared_cells(run: Run) -> None:
    methods = {row["method"] for row in run.rows.values() if row["preparation"] == "prepared"}
    assert methods == {"torch_export"}
    assert "tracing" in {row["method"] for row in run.rows.values()}


def test_the_table_shows_plain_and_prepared_cells(run: Run) -> None:
    lines = (run.reports / "support_table.md").read_text(encoding="utf-8").splitlines()
    header = next(line for line in lines if line.startswith("|  |"))
    row = next(line for line in lines if line.startswith("| takes_no_branch"))
    columns = [[entry.strip() for entry in text.strip("|").split("|")] for text in (header, row)]
    found = dict(zip(*columns))
    assert found["torch_export"].startswith("○")
    assert found["torch_export (prepared)"] == "●"


def test_a_model_whose_preparation_changes_the_answers_is_not_exported(run: Run) -> None:
    row = run.rows[prepared("answers_otherwise")]
    assert (row["outcome"], row["stage"]) == ("failed", "reference")
    assert "prepared by preparations:answers_otherwise: eager answers otherwise" in row["reason"]
    assert row["artifact"] is None


def test_the_reproduction_shows_that_a_preparation_changes_the_answers(
    run: Run, project: Project
) -> None:
    script = project.root / "repro" / prepared("answers_otherwise") / "reproduce.py"
    command = [sys.executable, str(script)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "changed of the model: it answers thrice its input" in shown.stdout
    assert "outside tolerance (2.99" in shown.stdout.splitlines()[-1], shown.stderr
    assert shown.returncode == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("says_nothing", "returned None, expected what it changed, in words"),
        ("raises", "cannot prepare a BranchesOnData"),
        ("is_not_there", "preparations has no 'is_not_there'"),
    ],
)
def test_a_broken_preparation_fails_at_build_and_the_reason_says_why(
    run: Run, name: str, says: str
) -> None:
    row = run.rows[prepared(name)]
    assert (row["outcome"], row["stage"]) == ("failed", "build")
    assert says in row["reason"]
    assert run.rows[exported(name)]["stage"] == "export"


def test_prepared_cells_can_be_selected_and_run_by_their_id(project: Project) -> None:
    name = prepared("takes_no_branch")
    run = project.run(f"export-matrix::{name}")
    assert (run.code, run.outcomes) == (0, {name: "passed"})
    run = project.run(
        "--export-matrix-select=preparation=prepared,architecture=takes_no_branch",
        "--export-matrix-select=runtime=pytorch,batch=1",
        "--collect-only",
        "-q",
    )
    assert run.code == 0


def test_a_preparation_for_an_unknown_method_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    text = CONFTEST.replace('"torch_export"', '"torch_exprot"')
    (project.root / "conftest.py").write_text(text, encoding="utf-8")
    run = project.run()
    assert run.code == 4
    assert "did you mean 'torch_export'?" in run.output
