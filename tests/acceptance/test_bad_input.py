"""What a user may get wrong: one clear message, exit code 4, nothing run."""

from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

import pytest
from conftest import ONE_LANE, refused
from miniatures.project import Project, cell

RIGHT = cell()
WRONG_OPTIONS = {
    "unknown axis": (
        ["--export-matrix-select", "runtme=answers_rightly"],
        ["no axis 'runtme'", "did you mean 'runtime'?"],
    ),
    "unknown value of an axis": (
        ["--export-matrix-select", "runtime=answers_rihgtly"],
        ["no runtime 'answers_rihgtly'", "did you mean 'answers_rightly'?"],
    ),
    "no axis at all": (["--export-matrix-select", "onnx"], ["'onnx' is not axis=value", "method"]),
    "selection that picks nothing": (
        ["--export-matrix-select", "runtime=onnxruntime,format=torchscript"],
        ["picks no cell", "--collect-only"],
    ),
    "unknown profile": (
        ["--export-matrix-profile", "slimm"],
        ["no profile 'slimm'", "did you mean 'slim'?"],
    ),
    "model of another form": (
        ["--export-matrix-model", "resnet18"],
        ["--export-matrix-model resnet18", "torchvision:NAME or package.module:factory"],
    ),
    "model that torchvision does not have": (
        ["--export-matrix-model", "torchvision:resnet19"],
        ["torchvision has no model 'resnet19'", "did you mean 'resnet1", "list_models"],
    ),
    "size that is none": (
        ["--export-matrix-model", "models:Classifier", "--export-matrix-size", "224"],
        ["--export-matrix-size 224: no size", "HEIGHTxWIDTH"],
    ),
    "size of no model": (["--export-matrix-size", "8x8"], ["none is", "--export-matrix-model"]),
    "inputs of no model": (["--export-matrix-inputs", "a:b"], ["none is", "inputs="]),
    "name of a model that is taken": (
        ["--export-matrix-model", "other_models:classifier"],
        ["'classifier'", "registered already"],
    ),
    "shards that nobody can count": (
        ["--export-matrix-shard", "20000/20000"],
        ["--export-matrix-shard 20000/20000: not PART/PARTS"],
    ),
    "home of nobody": (
        ["--export-matrix-cache=~no_such_user/x"],
        ["--export-matrix-cache ~no_such_user/x", "home directory"],
    ),
    "node id of an unknown cell": (
        [f"export-matrix::{RIGHT}".replace("tracing", "tracking")],
        ["no cell", f"did you mean '{RIGHT}'?"],
    ),
    "node id of a cell that is no cell": (["export-matrix::everything"], ["no cell 'everything'"]),
}
NUMBERS = [
    (option, value)
    for option, values in {
        "workers": ("many", "0", "1.5", "99999", "9" * 5000),
        "timeout": ("soon", "-1", "nan", "inf", "1e300"),
        "memory": ("0", "-0.5", "1e308", "1e-320"),
    }.items()
    for value in values
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("bad_input") / "project", "classifier", "detector")


@pytest.mark.parametrize(("options", "messages"), WRONG_OPTIONS.values(), ids=WRONG_OPTIONS.keys())
def test_a_wrong_option_is_refused_and_the_right_one_named(
    project: Project, options: List[str], messages: Sequence[str]
) -> None:
    refused(project.run(*options), *messages)


@pytest.mark.parametrize(("option", "value"), NUMBERS)
def test_a_value_that_is_not_a_number_above_zero_is_refused(
    project: Project, option: str, value: str
) -> None:
    run = project.run(f"--export-matrix-{option}={value}")
    refused(run, f"--export-matrix-{option} {value}", "above zero")


def test_a_wrong_value_in_the_ini_file_is_refused_too(project: Project) -> None:
    run = project.run("-o", "export_matrix_select=architecture=clasifier")
    refused(run, "no architecture 'clasifier'", "did you mean 'classifier'?")


def test_a_cache_that_cannot_be_a_folder_is_refused(project: Project) -> None:
    run = project.run("--export-matrix-cache=pytest.ini/cache")
    refused(run, "cache folder", "--export-matrix-cache")


def test_a_url_that_is_no_place_for_a_cache_is_refused(project: Project) -> None:
    run = project.run("--export-matrix-cache=nonsense://bucket")
    refused(run, "cache nonsense://bucket: ", "nonsense")


def test_a_full_cache_is_refused(small_disk: Path, project: Project) -> None:
    run = project.run(f"--export-matrix-cache={small_disk}", *ONE_LANE, cells=[RIGHT])
    refused(run, "No space left on device", "--export-matrix-cache")


def test_a_full_folder_for_temporary_files_is_refused(
    small_disk: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(small_disk))
    run = project.run(*ONE_LANE, cells=[RIGHT])
    refused(run, f"temporary folder {small_disk}", "No space left on device", "TMPDIR=DIR")


def test_reports_that_cannot_be_written_are_refused_before_anything_is_run(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    run = project.run(*ONE_LANE, cells=[RIGHT], reports=str(tmp_path / "file" / "reports"))
    refused(run, f"{tmp_path / 'file'} is no folder that can be written to", "--export-matrix-rep")


def test_reports_that_do_not_fit_on_the_disk_end_the_run_with_a_sentence(
    small_disk: Path, project: Project
) -> None:
    (small_disk / "filling").write_bytes(b"x" * 12_000)
    run = project.run(*ONE_LANE, cells=[RIGHT], reports=str(small_disk))
    refused(run, f"ERROR: reports {small_disk}: ", "No space left", "every answer is in the cache")
    assert "1 passed" in run.output


RESULTS = {
    "truncated": ('{"format_version": 1, "complete": true, "cells": [', "truncated"),
    "newer": ('{"format_version": 99}', "pip install --upgrade pytest-export-matrix"),
    "of something else": ('{"passed": 3}', "not a results file"),
    "edited": (
        '{"format_version": 1, "complete": true, "started": "", "seconds": 1, "planned": 3,'
        ' "counts": {}, "environments": {}, "cells": []}',
        "do not fit its cells",
    ),
}


@pytest.mark.parametrize(("text", "message"), RESULTS.values(), ids=RESULTS.keys())
def test_a_results_file_that_cannot_be_read_is_not_overwritten(
    project: Project, text: str, message: str
) -> None:
    file = project.root / "kept" / "results.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")

    run = project.run(cells=[RIGHT], reports="kept")

    refused(run, "results file", message)
    assert "collected" not in run.output
    assert file.read_text(encoding="utf-8") == text
