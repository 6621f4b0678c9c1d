"""What travels between the machines of a cluster arrives as it was."""

from __future__ import annotations

import pickle
from pathlib import Path

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.execution.executors.ray_cluster import transfer
from pytest_export_matrix.execution.executors.ray_cluster.node import NoticingStore
from pytest_export_matrix.execution.remembered import USES, Remembered
from pytest_export_matrix.execution.steps.step import PreparedModel
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.planning.recipes import Case
from pytest_export_matrix.vocabulary.errors import CacheError
from pytest_export_matrix.vocabulary.outcomes import Outcome
from pytest_export_matrix.vocabulary.used import Used
from pytest_export_matrix.worker.messages import Answer


def test_an_entry_is_the_same_in_the_other_store(tmp_path: Path) -> None:
    mine, theirs = Store(tmp_path / "mine"), Store(tmp_path / "theirs")
    with mine.scratch() as files:
        (files / "made" / "deep").mkdir(parents=True)
        (files / "made" / "deep" / "model.pt").write_bytes(b"weights")
        mine.put("artifact", "key", {"file": "deep/model.pt"}, files / "made")
    transfer.unpack(theirs, "artifact/key", transfer.packed(mine, "artifact/key"))
    assert theirs.get("artifact", "key") == mine.get("artifact", "key")
    assert (theirs.folder("artifact", "key") / "deep" / "model.pt").read_bytes() == b"weights"


def test_an_entry_that_was_changed_on_its_way_is_not_read(tmp_path: Path) -> None:
    mine, theirs = Store(tmp_path / "mine"), Store(tmp_path / "theirs")
    mine.put("artifact", "key", {"answer": "right"})
    content = transfer.packed(mine, "artifact/key").replace(b"right", b"wrong")
    transfer.unpack(theirs, "artifact/key", content)
    assert theirs.get("artifact", "key") is None


def test_what_both_stores_know_of_a_question_is_remembered(tmp_path: Path) -> None:
    mine, theirs = (
        Remembered(Store(tmp_path / name), lambda uses: str(uses)) for name in ("mine", "theirs")
    )
    mine.keep("result", "asked", {"default": Used(["torch"])}, {"answer": "with torch"})
    theirs.keep("result", "asked", {"default": Used(["onnx"])}, {"answer": "with onnx"})
    for place in theirs.store.root.glob("result/*"):
        name = f"result/{place.name}"
        transfer.unpack(mine.store, name, transfer.packed(theirs.store, name))
    (question,) = theirs.store.root.glob(f"{USES}/*")
    mine.learn(question.name, theirs.store)
    found = [entry.data["answer"] for _, entry, _ in mine.find("result", "asked")]
    assert sorted(found) == ["with onnx", "with torch"]


def test_a_store_notices_what_was_read_and_written_and_not_what_was_missing(
    tmp_path: Path,
) -> None:
    Store(tmp_path).put("artifact", "old", {})
    store = NoticingStore(tmp_path, 0.0)
    store.get("artifact", "old")
    store.get("artifact", "never made")
    store.put("result", "new", {})
    assert store.noticed == {"artifact/old", "result/new"}


def test_folders_of_the_other_machine_are_translated_however_deep(tmp_path: Path) -> None:
    case = Case(((8, 8),), 0)
    flaky = Answer(Outcome.FAILED, reason="no /node/v4/x")
    answer = StepAnswer(reason="see /node/v4/log", folder="/node/v4/reference/k", flaky=flaky)
    model = PreparedModel("id", "/node/v4/model/k/w.pt", {case: answer})
    mine = transfer.translated(model, {"/node": "/mine"})
    assert (mine.weights, list(mine.cases)) == ("/mine/v4/model/k/w.pt", [case])
    assert mine.cases[case].folder == "/mine/v4/reference/k"
    assert (mine.cases[case].reason, mine.cases[case].flaky.reason) == (
        "see /mine/v4/log",
        "no /mine/v4/x",
    )
    assert mine.cases[case].outcome is Outcome.PASSED


def test_an_error_can_be_passed_between_processes() -> None:
    error = CacheError("cache folder /x", "full", nearest="y", remedy="choose another")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (CacheError, str(error), vars(error))
