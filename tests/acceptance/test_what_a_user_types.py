"""The file of a cell answers as a file that somebody exports by hand, in a fresh process.

The calls are those of docs/how-it-works.md, in the section "What a user would type".
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import pytest
from miniatures.project import CAST, Project, Run, cell, environment

from pytest_export_matrix.machine.hashing import digest

PAGE = Path(__file__).parents[2] / "docs" / "how-it-works.md"
SECTION = re.compile(r"^## What a user would type$(.*?)^## ", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (\w+) to (\w+) \| `(.*)` \|$", re.MULTILINE)

PROJECT = """
import registration
from pytest_export_matrix.on_request import AOT_INDUCTOR


def pytest_export_matrix_register(registry):
    registration.register(registry, ())
    for entry in AOT_INDUCTOR:
        registry.add(entry)
"""
#: What is typed before the call. `SHAPES` and `AXES` declare height and width of the batch.
SCRIPT = """
import torch
import models, written_elsewhere

torch.manual_seed(0)
model = written_elsewhere.{build}().eval()
args = {inputs}([{size}], 0)
DYNAMIC = torch.export.Dim.DYNAMIC
SHAPES = ({{2: DYNAMIC, 3: DYNAMIC}},)
SHAPES += tuple(dict.fromkeys(x) if isinstance(x, dict) else None for x in args[1:])
AXES = {{"batch": {{2: "height", 3: "width"}}}}
NAMES = {names}
with torch.set_grad_enabled({gradients}):
    {call}
"""
SIZES = ((24, 32), (16, 40), (48, 32), (20, 37))
SUFFIXES = {"torchscript": "pt", "onnx": "onnx", "pt2": "pt2", "aot_inductor": "pt2"}
RUNTIMES = {"torchscript": "pytorch", "onnx": "onnxruntime", "pt2": "pytorch"}


class Subject(NamedTuple):
    build: str
    inputs: str = "models.image_batch"
    #: What a user calls the inputs of an ONNX file.
    names: str = '["batch"]'
    size: str = "(24, 32)"


SUBJECTS = {
    "keeps_tensors": Subject("KeepsTensors"),
    "pads_to_sixteen": Subject("PadsToSixteen", size="(12, 40)"),
    "ignores_an_argument": Subject(
        "IgnoresAnArgument", "written_elsewhere.batch_and_vectors", '["batch", "unused", "gains"]'
    ),
    "encodes_figures": Subject("EncodesFigures"),
    "ends_in_a_dict": Subject("EndsInADict", "written_elsewhere.batch_and_dict"),
}


class Way(NamedTuple):
    """An exporter, and one of the subjects."""

    method: str
    format: str
    subject: str

    @property
    def cell(self) -> str:
        runtime = RUNTIMES.get(self.format, "aot_inductor_python")
        return cell(self.subject, self.method, self.format, runtime, resolution="dynamic")


WAYS = [
    Way("tracing", "torchscript", "keeps_tensors"),
    Way("tracing", "torchscript", "pads_to_sixteen"),
    Way("tracing", "onnx", "keeps_tensors"),
    Way("tracing", "onnx", "pads_to_sixteen"),
    Way("tracing", "onnx", "encodes_figures"),
    Way("tracing", "onnx", "ignores_an_argument"),
    Way("scripting", "torchscript", "ignores_an_argument"),
    Way("torch_export", "pt2", "keeps_tensors"),
    Way("torch_export", "pt2", "pads_to_sixteen"),
    *(Way("torch_export", "onnx", subject) for subject in SUBJECTS),
    pytest.param(
        Way("torch_export", "aot_inductor", "keeps_tensors"),
        marks=pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler"),
    ),
]


def calls() -> Dict[str, str]:
    """The calls that the page lists, by method and format."""
    section = SECTION.search(PAGE.read_text("utf-8"))
    assert section
    return {f"{method}/{format}": call for method, format, call in ROW.findall(section[1])}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("typed") / "project")
    (project.root / "conftest.py").write_text(PROJECT, encoding="utf-8")
    ways = [way if isinstance(way, Way) else way.values[0] for way in WAYS]
    return project.run(cells=[way.cell for way in ways])


def file_of(run: Run, way: Way) -> Path:
    """The file of a cell, in the cache of its project."""
    wanted = run.rows[way.cell]["artifact"]["sha256"]
    for entry in (run.reports.parents[1] / "cache").rglob("artifact/*/entry.json"):
        files = json.loads(entry.read_text("utf-8"))["entry"]["files"]
        only = next(iter(files.values()))["sha256"] if len(files) == 1 else digest(files)
        if only == wanted:
            return entry.with_name(f"model.{SUFFIXES[way.format]}")
    raise AssertionError(f"no file of {way.cell}: {run.rows[way.cell]['reason']}")


def typed(way: Way, folder: Path) -> Path:
    """The file that the plain call writes into `folder`, in a fresh process."""
    subject = SUBJECTS[way.subject]
    call = calls()[f"{way.method}/{way.format}"]
    if way.subject == "ends_in_a_dict":
        call = call.replace("args,", "(*args, {}),")
    gradients = (way.method, way.format) == ("tracing", "onnx")
    script = SCRIPT.format(call=call, gradients=gradients, **subject._asdict())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(CAST), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return folder / f"model.{SUFFIXES[way.format]}"


def engine(path: Path, way: Way) -> Any:
    """What answers a tuple of arguments from the file."""
    import onnxruntime
    import torch

    from pytest_export_matrix.vocabulary.pytrees import flatten

    if way.format == "onnx":
        session = onnxruntime.InferenceSession(str(path))
        names = [value.name for value in session.get_inputs()]

        def answer(*arguments: Any) -> Any:
            arrays = [leaf.numpy() for leaf in flatten(arguments)[0]]
            if len(names) == 2 and way.subject == "ignores_an_argument":
                del arrays[1]
            return session.run(None, dict(zip(names, arrays)))

        return answer
    if way.format == "torchscript":
        return torch.jit.load(path)
    if way.format == "aot_inductor":
        return torch._inductor.aoti_load_package(str(path))
    return torch.export.load(path).module()


def answers(path: Path, way: Way) -> List[Any]:
    """What the file answers at each size: arrays, or the words of an error."""
    import torch

    from pytest_export_matrix.vocabulary.pytrees import flatten, to_arrays

    run, found = engine(path, way), []
    module, _, function = SUBJECTS[way.subject].inputs.partition(".")
    inputs = getattr(__import__(module), function)
    for seed, size in enumerate(SIZES):
        try:
            with torch.no_grad():
                found.append(flatten(to_arrays(run(*inputs([size], seed))))[0])
        except (AssertionError, RuntimeError) as error:
            found.append(re.sub(r"0x[0-9a-f]+", "", str(error)))
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way))
def test_a_cells_file_answers_as_the_file_of_the_plain_call(
    run: Run, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.syspath_prepend(str(CAST))
    by_hand = answers(typed(way, tmp_path), way)
    of_cell = answers(file_of(run, way), way)
    for ours, theirs in zip(of_cell, by_hand):
        assert isinstance(ours, str) == isinstance(theirs, str), (ours, theirs)
        for left, right in zip(ours, theirs) if not isinstance(ours, str) else ():
            np.testing.assert_array_equal(left, right)
    assert any(not isinstance(answer, str) for answer in of_cell)


@pytest.mark.filterwarnings("ignore")
def test_a_traced_model_of_tensors_is_recorded_as_by_the_plain_call(
    run: Run, tmp_path: Path
) -> None:
    """A module within another one is recorded otherwise, which some converters fail for."""
    import torch

    way = Way("tracing", "torchscript", "pads_to_sixteen")
    ours, theirs = (
        [node.kind() for node in torch.jit.load(path).inlined_graph.nodes()]
        for path in (file_of(run, way), typed(way, tmp_path))
    )
    assert ours == theirs


def test_every_exporter_has_its_plain_call_on_the_page() -> None:
    from pytest_export_matrix.exporters import EXPORTERS
    from pytest_export_matrix.on_request import AOT_INDUCTOR
    from pytest_export_matrix.vocabulary.entries import Exporter

    every = [*EXPORTERS, *(entry for entry in AOT_INDUCTOR if isinstance(entry, Exporter))]
    assert list(calls()) == [exporter.name for exporter in every]


def test_a_second_capture_in_a_process_would_meet_what_the_first_one_left(tmp_path: Path) -> None:
    """The reason why each format is exported in a process of its own."""
    twice = "torch.export.export(model, args)\n    " * 2
    call = f'{twice}torch.onnx.export(model, args, "model.onnx", dynamo=True, verbose=False)'
    script = SCRIPT.format(call=call, gradients=False, **SUBJECTS["keeps_tensors"]._asdict())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": str(CAST)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert os.listdir(tmp_path) == []
