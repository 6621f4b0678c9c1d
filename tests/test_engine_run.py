"""What an engine is told, and what its answers and their comparison come to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

from pytest_export_matrix import Architecture, Tensors
from pytest_export_matrix.compare.answers import Comparison
from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.engine_folder import SHOWN, engine_folder
from pytest_export_matrix.execution.engine_run import EngineRun
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import CacheError
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage, Warned
from pytest_export_matrix.worker.dataclass_json import to_json
from pytest_export_matrix.worker.messages import Compare, EagerAnswer, Infer, Written

ARCHITECTURE = Architecture("net", build="nets.small:net", sizes=((64, 96),))
RECIPE = Recipe(
    Cell("net", "tracing", "torchscript", "pytorch", "cpu", "fixed", "1"),
    ARCHITECTURE,
    Tensors(),
    EXPORTERS[0],
    RUNTIMES[0],
    ARCHITECTURE.reference,
    "",
)
LEAF: Dict[str, Any] = {"leaf": 0}
EXPECTED = {"dict": [["expected_name", LEAF]]}
ASKED = StepAnswer(
    stage=Stage.RUN,
    ran=4,
    latency={"first": 0.5},
    seconds={"load": 1.0, "run": 2.0},
    warnings=[Warned("UserWarning", "old", 1)],
    dependencies={"engine.py": "1"},
    log="the engine's words",
)
RIGHT = StepAnswer(
    stage=Stage.COMPARE,
    ran=4,
    seconds={"compare": 3.0},
    dependencies={"kinds.py": "2"},
    compared=Comparison(deviation={"output": {"max_rel": 0.1}}),
)
WRONG = StepAnswer(
    Outcome.FAILED,
    Stage.COMPARE,
    "4 of 4 inputs answered wrongly",
    ran=4,
    seconds={"compare": 3.0},
    compared=Comparison("4 of 4 inputs answered wrongly", {"output": {"max_rel": 9.0}}, ["output"]),
    failed_on=["ordinary"],
)
CRASHED = StepAnswer(Outcome.CRASHED, Stage.RUN, "SIGSEGV", ran=2, failed_on=["ordinary"])


class Workers:
    """Stands in for dispatcher and availability. `inferred` and `compared` are given in turn."""

    def __init__(self, inferred: List[StepAnswer], compared: List[StepAnswer]) -> None:
        self.dispatcher = self
        self.inferred, self.compared = inferred, compared
        self.bodies: List[Any] = []
        self.files: List[List[str]] = []

    def environment_problem(self, name: str) -> None:
        assert name == "default"

    def infer(self, runtime: Any, label: str, body: Infer, folder: str) -> StepAnswer:
        self.bodies.append(body)
        self.files.append([str(path.relative_to(folder)) for path in Path(folder).rglob("*.*")])
        answer = self.inferred.pop(0)
        texts = {name: getattr(answer, name) for name in ("reason", "detail", "log")}
        return replace(answer, **{k: v.replace("FOLDER", folder) for k, v in texts.items()})

    def export(self, label: str, body: Compare, environment: str) -> StepAnswer:
        self.bodies.append(body)
        return self.compared.pop(0)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., StepAnswer]:
    """Run a file in stand-ins for workers. The store holds the file and the eager answers."""
    store = Store(tmp_path / "cache")

    def stored(kind: str, key: str, files: Dict[str, Any], **more: Any) -> StepAnswer:
        with store.scratch() as folder:
            np.savez(folder / "data.npz", **files) if kind == "reference" else None
            for name in files if kind == "artifact" else ():
                (folder / name).write_bytes(b"file")
            store.put(kind, key, {}, folder)
        return StepAnswer(folder=str(store.folder(kind, key)), key=key, **more)

    def run(workers: Workers, other_device: str = "", own_code: bool = False) -> StepAnswer:
        eager = EagerAnswer({"tuple": [LEAF]}, EXPECTED, "", True)
        arrays = {"input_0": np.zeros(2), "output_0": np.ones(3)}
        cases = {
            case: stored("reference", str(case.seed), arrays, eager=eager) for case in RECIPE.asked
        }
        written = Written("model.pt", "flat")
        files = {"model.pt": b"", "model.pt.data": b""}
        exported = stored("artifact", "key", files, written=written)
        prepared = PreparedModel("id", "weights", cases)
        answered = [cases[case] for case in RECIPE.cases]
        with engine_folder(exported, answered) as folder:
            run = EngineRun(workers, RECIPE, prepared, exported, folder, other_device)  # type: ignore[arg-type]
            return run.attempt(["torchvision"], own_code)

    return run


def test_an_engine_is_told_neither_the_answers_nor_where_they_are(
    make: Callable[..., StepAnswer], tmp_path: Path
) -> None:
    workers = Workers([ASKED], [RIGHT])
    make(workers)
    told = json.dumps(to_json(workers.bodies[0]))
    assert str(tmp_path) not in told and "expected_name" not in told
    expected = {"file/model.pt", "file/model.pt.data", *(f"inputs/{n}.npz" for n in range(4))}
    assert set(workers.files[0]) == expected, "and no entry.json"


def test_the_comparison_is_told_both(make: Callable[..., StepAnswer], tmp_path: Path) -> None:
    workers = Workers([ASKED], [RIGHT])
    make(workers)
    asked, compared = workers.bodies
    assert compared.answers == asked.answers and compared.calls == asked.calls == [0, 1, 2, 3, 0]
    assert len(compared.cases) == 4
    assert all(path.startswith(str(tmp_path / "cache")) for path in compared.cases)
    assert compared.exported_outputs == EXPECTED and compared.convention == "flat"


def test_a_cell_passes_by_the_comparison(make: Callable[..., StepAnswer]) -> None:
    answer = make(Workers([ASKED], [RIGHT]))
    assert answer.passed and answer.stage is Stage.COMPARE and answer.compared == RIGHT.compared
    assert answer.seconds == {"load": 1.0, "run": 2.0, "compare": 3.0}
    assert answer.dependencies == {"engine.py": "1", "kinds.py": "2"}
    assert answer.warnings == ASKED.warnings and answer.log == ASKED.log
    assert (answer.ran, answer.latency) == (4, {"first": 0.5})


def test_a_cell_fails_by_the_comparison_whatever_the_engine_says(
    make: Callable[..., StepAnswer],
) -> None:
    lying = StepAnswer(stage=Stage.COMPARE, ran=99, compared=Comparison())
    answer = make(Workers([lying], [WRONG]))
    assert (answer.outcome, answer.stage, answer.reason) == (
        Outcome.FAILED,
        Stage.COMPARE,
        WRONG.reason,
    )
    assert (answer.ran, answer.failed_on, answer.compared) == (4, ["ordinary"], WRONG.compared)


def test_what_the_engine_did_not_answer_is_not_compared(make: Callable[..., StepAnswer]) -> None:
    workers = Workers([CRASHED], [])
    answer = make(workers)
    assert (answer.outcome, answer.stage, answer.ran) == (Outcome.CRASHED, Stage.RUN, 2)
    assert len(workers.bodies) == 1


def test_a_reason_does_not_name_the_folder_that_the_engine_worked_from(
    make: Callable[..., StepAnswer],
) -> None:
    words = "no operator in FOLDER/file/model.pt"
    failed = StepAnswer(Outcome.FAILED, Stage.LOAD, words, detail=words, log=words)
    answer = make(Workers([failed], []))
    assert {answer.reason, answer.detail, answer.log} == {words.replace("FOLDER", SHOWN)}


class TestAnotherDevice:
    BAKED = "a device is baked into the file: exported on cpu and loaded on cuda, it fails: "

    def test_one_case_is_asked_there_too(self, make: Callable[..., StepAnswer]) -> None:
        workers = Workers([ASKED, ASKED], [RIGHT, RIGHT])
        answer = make(workers, "cuda")
        assert answer.passed and answer.ran == 4
        assert answer.seconds == {"load": 2.0, "run": 4.0, "compare": 6.0}
        there, compared = workers.bodies[2:]
        assert (there.device, there.calls, len(there.cases)) == ("cuda", [0], 1)
        assert (compared.calls, len(compared.cases)) == ([0], 1)
        assert workers.bodies[0].answers != there.answers == compared.answers

    @pytest.mark.parametrize(("inferred", "compared"), [(CRASHED, None), (ASKED, WRONG)])
    def test_a_failure_there_is_noted_beside_the_verdict_of_this_device(
        self, make: Callable[..., StepAnswer], inferred: StepAnswer, compared: StepAnswer
    ) -> None:
        answer = make(Workers([ASKED, inferred], [RIGHT, compared]), "cuda")
        wrong = compared or inferred
        assert answer.passed and answer.compared and not answer.reason
        assert answer.compared.notes == [self.BAKED + wrong.reason]
        assert (answer.ran, answer.latency) == (4, ASKED.latency)

    def test_a_file_that_fails_here_is_not_loaded_there(
        self, make: Callable[..., StepAnswer]
    ) -> None:
        workers = Workers([ASKED], [WRONG])
        assert make(workers, "cuda").reason == WRONG.reason
        assert len(workers.bodies) == 2


def test_the_folder_is_removed_afterwards(make: Callable[..., StepAnswer]) -> None:
    workers = Workers([ASKED], [RIGHT])
    make(workers)
    assert not Path(workers.bodies[0].file).parents[1].exists()


def test_a_full_disk_is_no_failure_of_the_file(
    make: Callable[..., StepAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = StepAnswer(Outcome.FAILED, Stage.RUN, "OSError: No space left on device")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0}))
    with pytest.raises(CacheError, match="TMPDIR"):
        make(Workers([full], []))
