"""Both sides read a message as it was written, or refuse it and name the place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Type

import pytest

from pytest_export_matrix.compare.answers import Comparison
from pytest_export_matrix.machine.json_files import convert
from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.outcomes import Outcome, Sight, Stage, Warned
from pytest_export_matrix.worker.dataclass_json import read, to_json
from pytest_export_matrix.worker.messages import (
    TASKS,
    Agree,
    AgreePart,
    Answer,
    AskedCase,
    BuildProgram,
    CasePart,
    Compare,
    Eager,
    EagerAnswer,
    Ended,
    Export,
    FormatPart,
    Here,
    Infer,
    Known,
    Model,
    Prepare,
    Probe,
    Ready,
    Request,
    See,
    StageEvent,
    Started,
    WorkerConfig,
    Written,
)

KIND = OutputKind("own", "kinds:compare", {"digits": 3})
MODEL = Model("nets:Net", {"width": 2}, "nets:inputs", ["[CHW]"], KIND)
EAGER = Eager(MODEL, "cpu", "weights.safetensors", "", [("preparation", "nets:prepare")])
ASKED = [AskedCase("0.npz", {"leaf": 0}, "a spot")]
INFER = Infer("s:S", "f.pt", "flat", ASKED, [0, 0], "answers", "cpu", "nets")
COMPARE = Compare("answers", ["cases/0"], [0, 0], KIND, "flat", {"leaf": 0}, "float32")
ANSWER = Answer(
    Outcome.CRASHED,
    Stage.RUN,
    "SIGSEGV",
    seconds={"load": 1, "run": 2.5},
    warnings=[Warned("UserWarning", "old", 2)],
    eager=EagerAnswer({"tuple": [{"leaf": 0}]}, {"leaf": 0}, "a spot", True),
    written=Written("model.pt", "flat"),
    compared=Comparison("wrong", {"boxes": {"max_abs": 1.0}}, ["boxes"]),
    sight=Sight(64, ["p7.weight"]),
)
MESSAGES = [
    WorkerConfig(["torch"], ["torch", "torchvision"]),
    Ready(["caffe2"]),
    Started(12, 1.5),
    Ended(139),
    Prepare(MODEL, "cpu", "", "out", ["bfloat16"], [CasePart("0", "out/0", [(24, 32)], 1, "")]),
    Agree(EAGER, [AgreePart("0", "out/0", "cases/0")]),
    See(EAGER, ["cases/0", "cases/1"]),
    Export(
        EAGER, "c:c", [(24, 32)], ["batch"], "", True, [FormatPart("onnx", "o", "l:l", ".onnx")]
    ),
    INFER,
    COMPARE,
    replace(COMPARE, exported_outputs=None),
    Probe("s:S", "cuda"),
    BuildProgram("p:build", "out"),
    Request("probe", Here(["."], "cache", 2), {"session": "s:S", "device": "cpu"}),
    Answer(),
    ANSWER,
    StageEvent(Stage.EXPORT, "onnx", 1.5),
    StageEvent(Stage.RUN, "", 1.5, Known(2, {"first": 0.1}, ["a spot"])),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_both_sides_read_a_message_as_it_was_written(message: Any) -> None:
    kind: Type[Any] = type(message)
    data = json.loads(json.dumps(to_json(message)))
    assert read(kind, data) == message
    assert convert(data, kind) == message


def test_every_task_has_a_request_of_its_own() -> None:
    assert {type(each) for each in MESSAGES} >= set(TASKS.values())
    assert len(TASKS) == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcome": "splendid"}, "splendid"),
        ({"seconds": {"run": "x"}}, "seconds.run is 'x'"),
        ({"seconds": {"run": True}}, "seconds.run is True"),
        ({"ran": 1.5}, "ran is 1.5"),
        ({"warnings": [{"category": "a", "message": "b"}]}, "warnings[] lacks count"),
        ({"eager": {**to_json(ANSWER.eager), "shown": 1}}, "eager has unknown shown"),
        ({"compared": "wrong"}, "compared is 'wrong', expected Comparison"),
        ({"failed_on": "a spot"}, "failed_on is 'a spot'"),
    ],
)
def test_a_malformed_answer_is_refused_by_its_place(change: Any, said: str) -> None:
    data = json.loads(json.dumps({**to_json(ANSWER), **change}))
    with pytest.raises((TypeError, ValueError)) as refused:
        read(Answer, data)
    assert said in str(refused.value)
    if "shown" not in said:  # the parent lets a newer worker say more
        with pytest.raises(ValueError):
            convert(data, Answer)
