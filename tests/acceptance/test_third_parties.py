"""An installed package adds to the matrix, and a model needs no code at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniatures.project import Project, cell

RESOLUTIONS = ("fixed", "dynamic")
ENTRY_POINTS = "[pytest_export_matrix]\nengine = their_engine.plugin\n"
PLUGIN = """
import pytest_export_matrix as em

def pytest_export_matrix_register(registry):
    registry.add(
        em.Runtime("their_engine", formats=["torchscript"], session="their_engine.session:Session")
    )
"""
SESSION = "from pytest_export_matrix.runtimes.pytorch import Session\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution `their_engine` with an entry point, as pip would leave it."""
    package, info = tmp_path / "their_engine", tmp_path / "their_engine-1.0.dist-info"
    for folder in (package, info):
        folder.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(PLUGIN)
    (package / "session.py").write_text(SESSION)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-engine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_a_runtime_of_an_installed_package_runs_beside_the_others(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    theirs = cell(runtime="their_engine")
    assert project.run(cells=[theirs]).outcomes == {theirs: "passed"}


def test_a_factory_needs_only_its_name_on_the_command_line(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    (project.root / "conftest.py").unlink()
    run = project.run(
        *("--export-matrix-model", "models:Classifier"),
        *("--export-matrix-select", "device=cpu,resolution=fixed,batch=1"),
    )
    assert set(run.outcomes.values()) == {"passed"}
    assert len(run.outcomes) == 7


def test_sizes_and_inputs_of_a_named_model_are_given_on_the_command_line(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    (project.root / "conftest.py").unlink()
    run = project.run(
        *("--export-matrix-model", "models:Classifier", "--export-matrix-model", "models:Other"),
        *("--export-matrix-size", "48x64", "--export-matrix-size", "33x40"),
        *("--export-matrix-inputs", "unlit:inputs_with_a_bright_one"),
        cells=[
            *(cell("Classifier", runtime="pytorch", resolution=each) for each in RESOLUTIONS),
            cell("Other", runtime="pytorch"),
        ],
    )
    fixed, dynamic = (
        run.rows[cell("Classifier", runtime="pytorch", resolution=each)] for each in RESOLUTIONS
    )
    assert (fixed["outcome"], dynamic["outcome"]) == ("passed", "passed"), run.output
    assert {tuple(at) for at in [*fixed["ran_at"], *fixed["exported_at"]]} == {(1, 48, 64)}
    assert {tuple(at) for at in dynamic["ran_at"]} == {(1, 33, 40)}
    for words in ("48x64", "33x40", "unlit:inputs_with_a_bright_one", "models:Classifier"):
        assert words in fixed["repro"]
    assert "models:Other" not in fixed["repro"], "a command names the model of its cell alone"


def test_a_model_of_torchvision_needs_only_its_name_on_the_command_line(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    (project.root / "conftest.py").unlink()
    select = "device=cpu,resolution=fixed,batch=1,method=tracing"
    for model in ("squeezenet1_1", "ssdlite320_mobilenet_v3_large"):
        run = project.run(
            *("--export-matrix-model", f"torchvision:{model}", "--export-matrix-select", select)
        )
        assert set(run.outcomes.values()) == {"passed"}, run.output
        assert {row["architecture"] for row in run.rows.values()} == {model}
