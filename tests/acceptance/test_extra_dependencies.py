"""Trials find the modules that a file needs beside its engine. It may not need the model's code."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

LIBRARY = Path(__file__).parents[1] / "miniatures" / "library"

CONFTEST = """
import pytest_export_matrix as em
import registration

RUNTIMES = "pytest_export_matrix.runtimes"


def pytest_export_matrix_register(registry):
    registration.register(registry, ["doubles"])
    for name, build in (
        ("suppresses", "Suppresses"),
        ("calls_its_own_operator", "CallsItsOwnOperator"),
        ("splits", "Splits"),
    ):
        registry.add(registration.tensors(name, f"operators:{build}"))
    for name, build in (
        ("answers_in_a_class", "AnswersInAClass"),
        ("answers_in_its_own_class", "AnswersInItsOwnClass"),
    ):
        registry.add(registration.elsewhere(name, build))
    requirements = ["onnxruntime", "onnxruntime-extensions", "numpy"]
    registry.add(em.Environment("extended", python="3.11", requirements=requirements))
    registry.add(
        em.Exporter(
            "contrib",
            "onnx",
            capture="exporters:splits_by_an_extension",
            lower="exporters:writes_extension",
            suffix=".onnx",
            modules=["onnx"],
        )
    )
    registry.add(
        em.Runtime(
            "onnxruntime_extended",
            formats=["onnx"],
            session=f"{RUNTIMES}.onnxruntime:Session",
            modules=["onnxruntime"],
            extras=["onnxruntime_extensions"],
            environment="extended",
        )
    )
    registry.add(
        em.Runtime(
            "pytorch_of_many",
            formats=["torchscript"],
            session=f"{RUNTIMES}.pytorch:Session",
            modules=["torch"],
            extras=["wave", "torchvision", "no_such_module", "safetensors"],
        )
    )
"""
NEEDS_NOTHING = cell("doubles", runtime="pytorch")
SUPPRESSES = {name: cell("suppresses", runtime=name) for name in ("pytorch", "libtorch")}
OF_MANY = cell("suppresses", runtime="pytorch_of_many")
OF_MANY_AGAIN = cell("suppresses", runtime="pytorch_of_many", resolution="dynamic")
EXTENDED = cell("splits", "contrib", "onnx", "onnxruntime_extended")
NOT_EXTENDED = cell("splits", "contrib", "onnx", "onnxruntime")
PT2 = {"method": "torch_export", "format": "pt2", "runtime": "pytorch"}
IN_A_CLASS = cell("answers_in_a_class", **PT2)
IN_ITS_OWN_CLASS = cell("answers_in_its_own_class", **PT2)
OWN = {name: cell("calls_its_own_operator", runtime=name) for name in ("pytorch", "libtorch")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    project = Project(tmp_path_factory.mktemp("extras") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    cells = [NEEDS_NOTHING, *SUPPRESSES.values(), OF_MANY, OF_MANY_AGAIN, EXTENDED, NOT_EXTENDED]
    cells += [*OWN.values(), IN_A_CLASS, IN_ITS_OWN_CLASS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(LIBRARY))  # as good as installed
        yield project.run(*ONE_LANE, cells=cells)


def tried(run: Run, name: str) -> "list[tuple[list[str], str]]":
    return [(trial["extras"], trial["outcome"]) for trial in run.rows[name]["trials"]]


def test_a_file_that_needs_nothing_is_tried_without_extras(run: Run) -> None:
    assert run.outcomes[NEEDS_NOTHING] == "passed"
    assert tried(run, NEEDS_NOTHING) == [([], "passed")]
    assert run.rows[NEEDS_NOTHING]["extra_dependencies"] == []


@pytest.mark.parametrize("name", SUPPRESSES.values(), ids=SUPPRESSES)
def test_operators_of_torchvision_are_needed_in_python_and_in_cpp(run: Run, name: str) -> None:
    row = run.rows[name]
    assert (row["outcome"], row["extra_dependencies"]) == ("passed", ["torchvision"])
    assert tried(run, name) == [([], "failed"), (["torchvision"], "passed")]
    assert "torchvision::nms" in row["trials"][0]["reason"]


@pytest.mark.parametrize("name", [OF_MANY, OF_MANY_AGAIN])
def test_the_one_candidate_that_helps_is_found_among_many(run: Run, name: str) -> None:
    """Each cell of the file shows the trials, which were made once."""
    assert run.rows[name]["extra_dependencies"] == ["torchvision"]
    installed = ["wave", "torchvision", "safetensors"]
    expected = [([], "failed"), (installed, "passed"), (["wave"], "failed")]
    assert tried(run, name) == [*expected, (["torchvision"], "passed")]


def test_extensions_of_onnx_runtime_are_loaded_where_a_file_needs_them(run: Run) -> None:
    row = run.rows[EXTENDED]
    assert row["outcome"] == "passed", row["reason"]
    assert row["extra_dependencies"] == ["onnxruntime_extensions"]


def test_without_the_extensions_the_reason_names_the_unknown_operator(run: Run) -> None:
    row = run.rows[NOT_EXTENDED]
    assert (row["outcome"], row["stage"]) == ("failed", "load")
    assert "NegPos" in row["reason"]


def test_a_file_that_needs_the_models_own_code_fails_and_says_so(run: Run) -> None:
    row = run.rows[OWN["pytorch"]]
    assert (row["outcome"], row["stage"]) == ("failed", "load")
    assert "the file needs 'operators': the model's own code" in row["reason"]
    assert "mine::triple" in row["reason"]
    assert row["extra_dependencies"] == []
    assert tried(run, OWN["pytorch"])[-1] == (["operators"], "passed")


def test_in_cpp_the_reason_names_the_unknown_operator(run: Run) -> None:
    row = run.rows[OWN["libtorch"]]
    assert (row["outcome"], row["stage"]) == ("failed", "load")
    assert "Unknown builtin op: mine::triple" in row["reason"]


def test_a_trial_names_no_folder_of_this_machine(run: Run) -> None:
    reasons = [str(trial["reason"]) for row in run.rows.values() for trial in row["trials"]]
    assert any("<engine>" in reason for reason in reasons)
    assert not any(str(run.reports.parents[1]) in reason for reason in reasons)


def test_the_library_that_defines_the_class_of_an_answer_is_an_extra_dependency(run: Run) -> None:
    """The module that registers the class is named where importing the library is not enough."""
    row = run.rows[IN_A_CLASS]
    assert row["outcome"] == "passed", row["reason"]
    assert row["extra_dependencies"] == ["answers_library.answers"]
    assert (["answers_library"], "failed") in tried(run, IN_A_CLASS)


def test_if_no_library_helps_the_reason_has_what_torch_only_logs(run: Run) -> None:
    row = run.rows[IN_ITS_OWN_CLASS]
    assert (row["outcome"], row["stage"]) == ("failed", "load")
    assert "an error when deserializing the saved file" in row["reason"]
    assert "NotImplementedError: Deserializing own_answers.OwnAnswer" in row["reason"]
    assert row["extra_dependencies"] == []
