"""The C++ example of docs/engines.md, run as a newcomer would, in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "engines.md"
INSTALLED = re.compile(r"^pip install .*\n", re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the commands of the page were run, except the installation."""
    text = PAGE.read_text(encoding="utf-8")
    (commands,) = re.findall(r"<!-- the tests run this -->\n+```sh\n(.*?)```", text, re.S)
    assert INSTALLED.search(commands)
    folder = tmp_path_factory.mktemp("newcomer")
    tools = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["sh", "-e"],
        input=INSTALLED.sub("", commands),
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join([tools, os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"(done \d+\.\d+\n){2}", done.stdout.partition("\n")[2]), done.stdout
    return folder


def test_the_program_answers_as_the_model_does(folder: Path) -> None:
    import torch

    from pytest_export_matrix import Detections
    from pytest_export_matrix.compare.detections import compare
    from pytest_export_matrix.compare.noise import pool
    from pytest_export_matrix.runtimes import libtorch
    from pytest_export_matrix.samples.torchvision_models import build
    from pytest_export_matrix.vocabulary.pytrees import to_arrays
    from pytest_export_matrix.worker.eager import EagerModel, noise_of

    (images,) = torch.load(folder / "image.pt")
    with torch.no_grad():
        answers = EagerModel(build("maskrcnn_resnet50_fpn", min_size=240), "cpu").answers((images,))
    noise = noise_of(Detections(score_threshold=0.0), answers)
    pool([noise])
    _, answered = libtorch.load(str(folder / "detections.pt"))
    assert len(answers.answer[0]["scores"]) >= 3
    found = compare(answers.answer, to_arrays(answered), {"score_threshold": 0.0}, noise)
    assert not found["problems"], found
    assert found["matched"] == len(answers.answer[0]["scores"])


def test_the_program_loads_no_python(folder: Path) -> None:
    """Python is not linked, and it is not mapped after the model has answered."""
    import torchvision

    from pytest_export_matrix.runtimes.program import Program, mapped, operator_libraries

    runner = folder / "runner" / "build" / "libtorch_runner"
    linked = subprocess.run(["ldd", runner], capture_output=True, text=True, check=True).stdout
    assert "libtorch_cpu.so" in linked
    assert "python" not in linked.replace(str(Path(torchvision.__file__).parents[1]), "")
    libraries = operator_libraries("torchvision")
    program = Program([str(runner), str(folder / "mask_rcnn.pt"), "cpu", "1", *libraries], ".pt")
    (folder / "image.pt").replace(program.input)
    program.run()
    names = {Path(path).name for path in mapped(program.pid)}
    program.close()
    assert "libtorch_cpu.so" in names
    assert not [name for name in names if "python" in name.lower()]


def test_a_compiler_that_links_its_own_library_statically_builds_a_program_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from pytest_export_matrix.runtimes import libtorch

    compiler = tmp_path / "c++"
    compiler.write_text(f'#!/bin/sh\nexec {shutil.which("c++")} -static-libstdc++ "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    traced = torch.jit.trace(torch.nn.Linear(3, 3), torch.zeros(1, 3))
    torch.jit.save(traced, tmp_path / "model.pt")

    program = libtorch.write(str(tmp_path / "sources"), libtorch.TORCHSCRIPT)
    asked = [program, tmp_path / "model.pt", "cpu", "1"]
    done = subprocess.run(asked, input="", capture_output=True, text=True, check=False)
    assert done.stdout.startswith("done "), done.stderr
