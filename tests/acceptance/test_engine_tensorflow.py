"""TensorFlow by onnx2tf. Its environment is 2.5 GB."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons import tensorflow
from pytest_export_matrix.addons.tensorflow import conversion
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome

CONFTEST = """
import pytest_export_matrix as em
from pytest_export_matrix.on_request import TENSORFLOW


def pytest_export_matrix_register(registry):
    for entry in TENSORFLOW:
        registry.add(entry)
    for name in ("Segments", "Activates", "Counts"):
        registry.add(em.Architecture(name, build=f"mine:{name}", sizes=((32, 48),)))
"""
MODELS = """
import torch
from torch import nn
from torch.nn import functional


class Segments(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.classes = nn.Conv2d(16, 5, 1)

    def forward(self, x):
        y = self.classes(torch.relu(self.features(x)))
        y = functional.interpolate(y, size=x.shape[-2:], mode="bilinear")
        return {"classes": y, "blurred": functional.avg_pool2d(x, 2)}


class Activates(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 16, 3)

    def forward(self, x):
        return functional.hardswish(self.features(x)).mean((2, 3))


class Counts(nn.Module):
    def forward(self, x):
        return (x > 0.5).sum((1, 2, 3)), x.mean((1, 2, 3))
"""


def runs(architecture: str, **others: str) -> str:
    return cell(architecture, format="onnx", runtime="tensorflow", **others)


SEGMENTS, COUNTS, ACTIVATES = runs("Segments", batch="dynamic"), runs("Counts"), runs("Activates")
PAIR = runs("Counts", batch="2")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("tensorflow") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (project.root / "mine.py").write_text(MODELS, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def asked(project: Project) -> Run:
    return project.run(*ONE_LANE, cells=[SEGMENTS, COUNTS, ACTIVATES])


@pytest.mark.full
def test_outputs_are_in_the_order_and_the_layout_of_the_file(asked: Run) -> None:
    row = asked.rows[SEGMENTS]
    assert row["outcome"] == "passed", asked.output
    said = [each["message"] for each in row["warnings"]]
    assert "onnx2tf moved the channels of value, value.3 to the end; moved back here" in said


@pytest.mark.full
def test_whole_numbers_that_come_out_in_another_type_are_red(asked: Run) -> None:
    row = asked.rows[COUNTS]
    assert (row["outcome"], row["stage"]) == ("failed", "compare")
    assert "0: dtype int32, expected int64" in row["reason"]


@pytest.mark.full
def test_an_operator_that_cannot_be_converted_is_named(asked: Run) -> None:
    row = asked.rows[ACTIVATES]
    assert (row["outcome"], row["stage"]) == ("failed", "load")
    assert row["reason"].startswith("onnx2tf could not convert HARD_SWISH: ModelIRSavedModel")


@pytest.mark.full
def test_the_results_name_the_versions_of_the_converter_and_the_engine(asked: Run) -> None:
    packages = asked.results["environments"]["tensorflow"]["packages"]
    assert (packages["onnx2tf"], packages["tensorflow"]) == ("2.6.9", "2.21.0")


@pytest.mark.full
def test_a_conversion_that_takes_more_memory_than_allowed_is_ended(project: Project) -> None:
    little = ("--export-matrix-memory", "0.3")
    run = project.run(*ONE_LANE, *little, cells=[PAIR], reports="little")
    row = run.rows[PAIR]
    assert (row["outcome"], row["stage"]) == ("out_of_memory", "load"), run.output
    assert "the limit is 0.3 GiB" in row["reason"]


def test_it_says_on_which_device_it_does_not_run() -> None:
    assert tensorflow.Session.problem("cpu") is None
    assert "cuda" in (tensorflow.Session.problem("cuda") or "")


@pytest.mark.parametrize(
    ("does", "outcome", "words"),
    [
        ("pass", "failed", "wrote no SavedModel, but nothing"),
        ("open(target + '/model.tflite', 'w')", "failed", "no SavedModel, but model.tflite"),
        ("os.abort()", "crashed", "killed by SIGABRT"),
        ("print('x' * 9_000_000 + '\\nno such thing'); sys.exit(1)", "failed", "no such thing"),
        ("try:\n    {}['Foo']\nfinally:\n    raise RuntimeError", "failed", "KeyError: 'Foo'"),
    ],
)
def test_a_converter_without_a_result_is_a_failure_with_a_reason(
    does: str, outcome: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx = pytest.importorskip("onnx")
    (tmp_path / "file").mkdir()
    path = tmp_path / "file" / "model.onnx"
    onnx.save(onnx.parser.parse_model(ADDS), path)
    stand_in = tmp_path / "modules" / "onnx2tf" / "__main__.py"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(f"{TARGET}{does}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    with pytest.raises(Failure) as caught:
        conversion.convert(str(path), str(tmp_path), threads=1)
    assert words in str(caught.value) and len(str(caught.value)) < 300
    assert caught.value.outcome is Outcome(outcome)


ADDS = '<ir_version: 8, opset_import: ["": 17]> adds (float[2] x) => (float[2] y) {y = Add(x, x)}'
TARGET = """
import os, sys
target = sys.argv[sys.argv.index("-o") + 1]
os.mkdir(target)
"""


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        ("onnx2tf.a.OpError: no CUSTOM ops. onnxOp=Det onnxNodeName=d, onnxOp=Det", "Det: OpError"),
        ("a.OpError: no op types. unsupported_op_types=['MY', 'OWN']", "MY, OWN: OpError: no op"),
        ("KeyError: 'x.y: z'", "the file: KeyError: 'x.y: z'"),
    ],
)
def test_a_reason_begins_with_the_operators_that_are_to_blame(error: str, begins: str) -> None:
    assert conversion.reason(error).startswith(f"onnx2tf could not convert {begins}")


def test_a_warning_on_the_way_is_not_taken_for_the_reason() -> None:
    printed = (
        "Traceback (most recent call last):\n  File a\nFileNotFoundError: onnxsim\n"
        "Failed to optimize the onnx file.\n"
        "Traceback (most recent call last):\n  File b\nValueError: no Foo\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n  File c\nRuntimeError: fast path failed.\n"
    )
    assert conversion.cause(printed) == "ValueError: no Foo"
    *_, cut = printed.split("File b", maxsplit=1)
    assert conversion.cause(cut) == "ValueError: no Foo"


def test_an_error_of_tensorflow_while_it_converts_is_shown_itself() -> None:
    printed = (
        "Traceback (most recent call last):\n  File a\nValueError: in user code:\n\n"
        "    File b, line 1, in run  *\n        work()\n\n"
        "    ValueError: Shape must be rank 1 but is rank 0\n\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n  File c\nRuntimeError: fast path failed.\n"
    )
    assert conversion.cause(printed) == "ValueError: Shape must be rank 1 but is rank 0"


@pytest.mark.parametrize(
    ("asked", "found", "order"),
    [
        ([1, 5, 8, 9], [1, 8, 9, 5], [0, 3, 1, 2]),
        ([1, 5, 8, 9], [1, 5, 8, 9], None),
        ([None, 5, None, None], [None, None, None, 5], [0, 3, 1, 2]),
        ([1, 5, 8], [1, 8, 5], [0, 2, 1]),
        ([1, 5], [5, 1], None),
        ([1, 5, 5, 5], [1, 5, 5, 5], None),
        ([1, 5, 8, 9], [1, 7, 7, 7], None),
        (None, [1, 8, 9, 5], None),
    ],
)
def test_channels_are_moved_back_only_where_the_shapes_say_that_they_were_moved(
    asked: list[int] | None, found: list[int], order: list[int] | None
) -> None:
    assert conversion.order(asked, found) == order
