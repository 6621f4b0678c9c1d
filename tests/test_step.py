"""What every kind of step does with its parts. The worker is a stand-in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import pytest

from pytest_export_matrix.execution.answers import StepAnswer, UnderLimits, Uses
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.steps.step import Asked, Step
from pytest_export_matrix.execution.store import ENTRY, Store
from pytest_export_matrix.machine.hashing import digest, file_digest
from pytest_export_matrix.machine.locks import RunStopped
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage
from pytest_export_matrix.vocabulary.used import Used
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dataclass_json import to_json
from pytest_export_matrix.worker.messages import Answer, Body, Export, FormatPart

PASSED = StepAnswer()
FAILED = StepAnswer(Outcome.FAILED, Stage.EXPORT, "no")
OTHERWISE = StepAnswer(Outcome.CRASHED, Stage.EXPORT, "SIGSEGV")
ABSENT = StepAnswer(Outcome.UNAVAILABLE, reason="cuda: none here")
NOT_STARTED = StepAnswer(Outcome.FAILED, Stage.BUILD, "the worker did not start", transient=True)
TIMED_OUT = StepAnswer(Outcome.TIMED_OUT, Stage.EXPORT, "no end", limits=UnderLimits(10.0, 2**30))
DAY = UnderLimits(86400.0, 2**40)
BODY: Any = Export(None, "capture", [], [], "", False, [])  # type: ignore[arg-type]


class Worker:
    """Stands in for a dispatcher: gives the answers that are set for a part, one per call.
    `installed` are the packages, each with its version."""

    def __init__(
        self,
        limits: UnderLimits = DAY,
        installed: Sequence[str] = ("torch 2",),
        **answers: List[StepAnswer],
    ) -> None:
        self.under_limits, self.answers, self.installed = limits, answers, installed
        self.asked: List[str] = []

    def state(self, uses: Uses) -> str:
        names = [name for used in uses.values() for name in used.names]
        return str([each for each in self.installed if each.split()[0] in names])

    def stopped(self) -> bool:
        return False

    def about(self, part: str) -> StepAnswer:
        self.asked.append(part)
        return self.answers[part].pop(0)


class Written(Step[str]):
    """Asks about its parts one by one; a part that passed leaves a file."""

    kind = "written"

    def lock_key(self) -> str:
        return "all"

    def key(self, part: str) -> str:
        return digest(part)

    def ask(self, parts: Sequence[str]) -> Asked[str]:
        worker: Any = self.dispatcher
        with self.store.scratch() as out:
            for part in parts:
                answer = worker.about(part)
                folder = out / part
                folder.mkdir()
                (folder / "file").write_text(part)
                yield part, answer, folder if answer.passed else None


class OneByOne(Written):
    one_by_one = True


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def answers(
    store: Store,
    worker: Worker,
    parts: Sequence[str] = ("a",),
    news: bool = True,
    kind: type[Written] = Written,
) -> Dict[str, StepAnswer]:
    step = kind(Remembered(store, worker.state), worker)  # type: ignore[arg-type]
    return step.answers(parts, lambda answer, format: news)


def test_an_answer_that_is_not_stored_is_asked_for_and_then_stored(store: Store) -> None:
    worker = Worker(a=[PASSED])
    (found,) = answers(store, worker).values()
    assert found.passed and not found.cached
    assert (Path(found.folder) / "file").read_text() == "a"


def test_a_stored_answer_is_not_asked_for_again(store: Store) -> None:
    answers(store, Worker(a=[PASSED]))
    worker = Worker(b=[PASSED])
    found = answers(store, worker, ["a", "b"])
    assert worker.asked == ["b"]
    assert found["a"].passed and found["a"].cached and not found["b"].cached


@pytest.mark.parametrize("damage", ["file", "entry", "an answer of another version"])
def test_a_damaged_entry_is_made_again(store: Store, damage: str) -> None:
    (first,) = answers(store, Worker(a=[PASSED])).values()
    folder = Path(first.folder)
    entry = json.loads((folder / ENTRY).read_text())
    if damage == "file":
        (folder / "file").write_text("b")
    elif damage == "entry":
        (folder / ENTRY).write_text("{")
    else:
        entry["entry"]["data"]["outcome"] = "splendid"
        entry["sha256"] = digest(entry["entry"])
        (folder / ENTRY).write_text(json.dumps(entry))
    worker = Worker(a=[PASSED])
    (found,) = answers(store, worker).values()
    assert worker.asked == ["a"] and not found.cached
    assert (Path(found.folder) / "file").read_text() == "a"


def test_an_answer_is_made_again_if_a_file_it_was_made_from_has_changed(
    store: Store, tmp_path: Path
) -> None:
    source = tmp_path / "model.py"
    source.write_text("first")
    made_from = {str(source): file_digest(source)}
    answers(store, Worker(a=[StepAnswer(dependencies=made_from)]))
    assert answers(store, Worker())["a"].cached
    source.write_text("second")
    worker = Worker(a=[PASSED])
    assert not answers(store, worker)["a"].cached


USED = {"default": Used(["torch", "onnx"])}


@pytest.mark.parametrize(
    ("installed", "cached"),
    [
        (["torch 2", "ruff 1"], True),
        (["torch 3"], False),
        (["torch 2", "onnx 1"], False),
        ([], False),
    ],
)
def test_an_answer_holds_as_long_as_the_packages_that_it_used_are_what_they_were(
    store: Store, installed: List[str], cached: bool
) -> None:
    answers(store, Worker(a=[StepAnswer(uses=USED)]))
    worker = Worker(installed=installed, a=[StepAnswer(uses=USED)])
    assert answers(store, worker)["a"].cached is cached


def test_two_installations_that_share_a_store_keep_their_answers(store: Store) -> None:
    for cached in (False, True, True):
        for version, reason in (("torch 2", ""), ("torch 3", "no")):
            tried = [StepAnswer(Outcome.FAILED, reason=reason, uses=USED)] * 2
            worker = Worker(installed=[version], a=[] if cached else tried)
            (found,) = answers(store, worker).values()
            assert (found.cached, found.reason) == (cached, reason)


def test_answers_that_used_different_packages_are_found_by_what_each_used(store: Store) -> None:
    answers(store, Worker(a=[StepAnswer(uses=USED)]))
    elsewhere = Worker(
        installed=["torch 3"], a=[StepAnswer(uses={"default": Used(["torch", "triton"])})]
    )
    assert not answers(store, elsewhere)["a"].cached
    assert answers(store, Worker())["a"].cached
    assert answers(store, Worker(installed=["torch 3", "onnx 1"]))["a"].cached


def test_a_new_failure_is_tried_once_more_and_then_remembered(store: Store) -> None:
    worker = Worker(a=[FAILED, OTHERWISE])
    (found,) = answers(store, worker).values()
    assert worker.asked == ["a", "a"]
    assert (found.outcome, found.reason, found.tried) == (Outcome.FAILED, "no", True)
    again = answers(store, Worker())["a"]
    assert again.cached and again.reason == "no"


def test_an_expected_failure_is_tried_once(store: Store) -> None:
    worker = Worker(a=[FAILED])
    answers(store, worker, news=False)
    assert worker.asked == ["a"]


def test_a_failure_that_is_no_longer_expected_is_tried_a_second_time(store: Store) -> None:
    answers(store, Worker(a=[FAILED]), news=False)
    worker = Worker(a=[PASSED])
    (found,) = answers(store, worker).values()
    assert worker.asked == ["a"]
    assert found.passed and found.flaky is not None


def test_a_part_that_passes_the_second_time_is_flaky_and_its_failure_is_kept(store: Store) -> None:
    for worker in (Worker(a=[FAILED, PASSED]), Worker()):  # first made, then read from the store
        (found,) = answers(store, worker).values()
        assert found.passed and found.flaky is not None
        assert (found.flaky.outcome, found.flaky.reason) == (Outcome.FAILED, "no")
        assert (Path(found.folder) / "file").read_text() == "a"


def test_a_transient_failure_is_not_remembered(store: Store) -> None:
    (found,) = answers(store, Worker(a=[NOT_STARTED] * 3)).values()
    assert found.transient and not found.folder
    worker = Worker(a=[PASSED])
    (found,) = answers(store, worker).values()
    assert found.passed and found.flaky is None


@pytest.mark.parametrize("tries", [[PASSED], [FAILED, FAILED]])
def test_what_ended_a_try_from_outside_is_neither_judged_nor_remembered(
    store: Store, tries: List[StepAnswer]
) -> None:
    for worker in (Worker(a=[NOT_STARTED, *tries]), Worker()):  # first made, then from the store
        (found,) = answers(store, worker).values()
        assert (found.outcome, found.reason) == (tries[0].outcome, tries[0].reason)
        assert found.flaky is None and not found.transient


def test_an_unavailable_answer_is_neither_tried_again_nor_remembered(store: Store) -> None:
    worker = Worker(a=[ABSENT])
    assert answers(store, worker)["a"].outcome is Outcome.UNAVAILABLE
    assert answers(store, Worker(a=[PASSED]))["a"].passed


@pytest.mark.parametrize(("seconds", "cached"), [(5.0, True), (10.0, True), (20.0, False)])
def test_a_time_out_is_tried_again_only_with_a_longer_time_limit(
    store: Store, seconds: float, cached: bool
) -> None:
    answers(store, Worker(a=[TIMED_OUT]), news=False)
    worker = Worker(UnderLimits(seconds, 2**30), a=[PASSED])
    assert answers(store, worker, news=False)["a"].cached is cached


def test_one_by_one_no_other_part_is_tried_again_after_a_second_failure(store: Store) -> None:
    worker = Worker(a=[FAILED, FAILED], b=[FAILED], c=[PASSED])
    found = answers(store, worker, ["a", "b", "c"], kind=OneByOne)
    assert worker.asked == ["a", "b", "c", "a"]
    assert found["b"].tried
    later = Worker()
    assert answers(store, later, ["b"], kind=OneByOne)["b"].cached


def test_answers_given_before_an_interruption_are_kept(store: Store) -> None:
    class Interrupting(Worker):
        def about(self, part: str) -> StepAnswer:
            if part == "b":
                raise RunStopped
            return super().about(part)

    with pytest.raises(RunStopped):
        answers(store, Interrupting(a=[PASSED]), ["a", "b"])
    assert not list(store.root.glob("tmp-*"))
    worker = Worker(b=[PASSED])
    found = answers(store, worker, ["a", "b"])  # this also needs the lock, which was released
    assert found["a"].cached and worker.asked == ["b"]


class Task:
    """Stands in for a dispatcher: its worker answers about parts, and can end at one of them."""

    under_limits = DAY

    def __init__(self, ends_at: Mapping[str, StepAnswer]) -> None:
        self.ends_at, self.asked = ends_at, []  # type: ignore[var-annotated]

    def export(self, label: str, body: Body, environment: str) -> StepAnswer:
        assert isinstance(body, Export)
        self.asked.append([part.name for part in body.parts])
        for part in body.parts:
            if part.name in self.ends_at:
                return self.ends_at[part.name]
            Path(part.out).mkdir()
            protocol.write_json(part.out, protocol.ANSWER, to_json(Answer()))
        return StepAnswer(log="said")


def asked_in_parts(store: Store, task: Task, folder: Path) -> Dict[str, Optional[StepAnswer]]:
    folders = {name: folder / name for name in "abc"}
    parts = [FormatPart(name, str(path), "lower", ".pt") for name, path in folders.items()]
    body = Export(BODY.eager, "capture", [], [], "", False, parts)
    step = Written(Remembered(store, str), task)  # type: ignore[arg-type]
    _, found = step.ask_parts(body, folders, "net", "default")
    return {name: found.get(name) for name in "abc"}


def test_all_parts_are_answered_by_one_task(store: Store, tmp_path: Path) -> None:
    task = Task({})
    found = asked_in_parts(store, task, tmp_path)
    assert task.asked == [["a", "b", "c"]]
    assert all(answer and answer.passed and answer.log == "said" for answer in found.values())


def test_if_a_part_ends_the_worker_the_other_parts_are_still_answered(
    store: Store, tmp_path: Path
) -> None:
    task = Task({"b": StepAnswer(Outcome.CRASHED, Stage.EXPORT, "SIGSEGV", note="b")})
    found = asked_in_parts(store, task, tmp_path)
    assert task.asked == [["a", "b", "c"], ["c"]]
    outcomes = {name: answer and answer.outcome for name, answer in found.items()}
    assert outcomes == {"a": Outcome.PASSED, "b": Outcome.CRASHED, "c": Outcome.PASSED}


def test_a_failure_before_the_first_part_is_the_answer_of_all_parts(
    store: Store, tmp_path: Path
) -> None:
    task = Task({"a": StepAnswer(Outcome.FAILED, Stage.BUILD, "no such module")})
    found = asked_in_parts(store, task, tmp_path)
    assert {answer and answer.reason for answer in found.values()} == {"no such module"}
    assert task.asked == [["a", "b", "c"]]
