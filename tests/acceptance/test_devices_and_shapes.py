"""Files that are bound to the device or the size they were exported with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

CONFTEST = """
import pytest_export_matrix as em
import registration
from pytest_export_matrix.machine import devices
from pytest_export_matrix.on_request import AOT_INDUCTOR

# There need be no GPU for what is asked of these sessions: only whether they load a file there.
devices.NODES = ("/dev/null",)


def pytest_export_matrix_register(registry):
    registration.register(registry, ["doubles"])
    for name in ("LoadsAnywhere", "LoadsOnItsDeviceAlone", "AnswersOtherwiseElsewhere"):
        registry.add(
            em.Runtime(name, formats=["torchscript"], session=f"devices:{name}", modules=["numpy"])
        )
    exporter, *runtimes = AOT_INDUCTOR
    for runtime in runtimes:
        registry.add(runtime)
    registry.add(exporter)
    # Told of no dynamic dimension it compiles for the size of the example, whatever a cell asks.
    names = ("capture", "lower", "suffix", "portable")
    same = {name: getattr(exporter, name) for name in names}
    registry.add(em.Exporter("for_one_size", "aot_inductor", **same))
"""
ANYWHERE = cell("doubles", runtime="LoadsAnywhere")
ON_ITS_OWN = cell("doubles", runtime="LoadsOnItsDeviceAlone")
OTHERWISE = cell("doubles", runtime="AnswersOtherwiseElsewhere")
LANGUAGES = {"c++": "aot_inductor", "python": "aot_inductor_python"}


def compiled(method: str, language: str, resolution: str) -> str:
    runtime = LANGUAGES[language]
    return cell("doubles", method, "aot_inductor", runtime, resolution=resolution)


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for temporary files of the run."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, temporary: Path) -> Run:
    project = Project(tmp_path_factory.mktemp("devices") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    aot_inductor = [
        compiled(method, language, resolution)
        for method in ("for_one_size", "torch_export")
        for language in LANGUAGES
        for resolution in ("fixed", "dynamic")
    ]
    cells = [ANYWHERE, ON_ITS_OWN, OTHERWISE, *aot_inductor]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        return project.run(*ONE_LANE, cells=cells)


def test_no_package_of_aot_inductor_is_left_unpacked(run: Run, temporary: Path) -> None:
    left = [path.name for path in temporary.iterdir()]
    assert [name for name in left if not name.startswith("torchinductor_")] == []


def test_a_file_that_loads_on_both_devices_passes(run: Run) -> None:
    row = run.rows[ANYWHERE]
    assert (row["outcome"], row["reason"]) == ("passed", None)
    assert len(row["ran_at"]) == 4


def test_a_file_that_loads_on_only_one_device_passes_there_and_says_so(run: Run) -> None:
    """Where the file works is found out on machines with both devices; whether it works on the
    device of the cell is the same on all machines."""
    row = run.rows[ON_ITS_OWN]
    assert row["outcome"] == "passed"
    expected = "a device is baked into the file: exported on cpu and loaded on cuda, it fails"
    assert expected in row["reason"]
    assert "no such device" in row["reason"]


def test_a_file_that_answers_differently_on_the_other_device_says_so(run: Run) -> None:
    row = run.rows[OTHERWISE]
    assert row["outcome"] == "passed"
    assert "exported on cpu and loaded on cuda" in row["reason"]
    assert "outside tolerance" in row["reason"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("resolution", ["fixed", "dynamic"])
def test_a_package_compiled_with_dynamic_sizes_is_right(
    run: Run, language: str, resolution: str
) -> None:
    row = run.rows[compiled("torch_export", language, resolution)]
    assert (row["outcome"], row["language"]) == ("passed", language), row["reason"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_package_compiled_for_one_size_answers_wrongly_at_another(
    run: Run, language: str
) -> None:
    """The package checks no shapes and raises nothing: the comparison finds the failure."""
    assert run.rows[compiled("for_one_size", language, "fixed")]["outcome"] == "passed"
    row = run.rows[compiled("for_one_size", language, "dynamic")]
    assert (row["outcome"], row["stage"]) == ("failed", "compare"), row["reason"]
    assert "shape [1, 3, 24, 32], expected" in row["reason"]


ROUNDS_TO_TEN_BITS = """
import torch
from pytest_export_matrix.runtimes.pytorch import Session

torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
torch.jit.script(torch.nn.ReLU()).save("relu.pt")
Session("relu.pt", "cpu", 1)
assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
"""


def test_pytorch_computes_in_the_float32_that_it_is_declared_with(tmp_path: Path) -> None:
    """By default its convolutions on a GPU round to ten bits; the eager model's here do not."""
    subprocess.run([sys.executable, "-c", ROUNDS_TO_TEN_BITS], cwd=tmp_path, check=True)
