"""The part of `readers` about files by which processes talk: entries of the store, what a task
answers, its stages, the records of environments."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any, Dict

import states
from test_messages import ANSWER

from miniatures.mutations import mutated, written
from pytest_export_matrix.environments import records
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.execution import conclusions
from pytest_export_matrix.execution.answers import StepAnswer, UnderLimits, read_answer, read_stored
from pytest_export_matrix.execution.store import CONTENT, DIGEST, ENTRY, Store
from pytest_export_matrix.execution.workers import worker
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.reporting.reporters import markdown
from pytest_export_matrix.results import file
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.errors import UsageError
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dataclass_json import to_json

CELLS = states.cells("net", "other_net")
SCRATCH = Path(tempfile.mkdtemp(prefix="readers-"))


def make_entry(random: Random) -> Any:
    content = {
        "place": "result/key",
        "made": 1.0,
        "files": {},
        "data": json.loads(json.dumps(StepAnswer(**vars(ANSWER)).to_store(), default=str)),
    }
    content = mutated(
        random, content, lambda key: key in {"reason", "log", "detail", "note", "made"}
    )
    right = json.loads(json.dumps(content)) if random.random() < 0.9 else None
    return written(random, {DIGEST: digest(right), CONTENT: content})


def use_entry(text: str) -> None:
    store = Store(SCRATCH)
    folder = store.folder("result", "key")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ENTRY).write_text(text, encoding="utf-8", errors="replace")
    entry = store.get("result", "key")
    answer = entry and read_stored(entry.data, StepAnswer)
    if answer is None:
        raise UsageError("entry", "not taken")
    assert_can_be_told(answer)


def assert_can_be_told(answer: StepAnswer) -> None:
    """A cell that ended so is written and read again."""
    result = Result(CELLS[0], "python", "default", Outcome.UNAVAILABLE)
    result.deviation = answer.compared.deviation if answer.compared else {}
    result.extra_dependencies, result.trials = answer.extras, answer.trials
    result.latency, result.program = answer.latency, answer.versions
    result.seconds, result.warnings = dict(answer.seconds), list(answer.warnings)
    conclusions.set_ending(result, answer, Stage.COMPARE)
    results = states.results([result], CELLS)
    again = file.loads(file.dumps(results), "again")
    assert file.dumps(again) == file.dumps(results)
    markdown.render(again)


def make_answer(random: Random) -> str:
    data = json.loads(json.dumps(to_json(ANSWER)))
    return written(
        random, mutated(random, data, lambda key: key in {"reason", "detail", "run", "ran"})
    )


def use_answer(text: str) -> None:
    (SCRATCH / protocol.ANSWER).write_text(text, encoding="utf-8", errors="replace")
    answer = read_answer(str(SCRATCH), Stage.RUN)
    assert answer is not None
    assert_can_be_told(StepAnswer.of(answer, "default", UnderLimits(1.0, 1)))
    if "cannot be read" in answer.reason:
        raise UsageError("answer", answer.reason)


def make_stages(random: Random) -> str:
    event = {
        "stage": "run",
        "note": "",
        "at": 1.5,
        "known": {"ran": 2, "latency": {"first": 0.1}, "failed_on": []},
    }
    changed = mutated(random, event, lambda key: key in {"note", "at"})
    lines = [json.dumps(event), written(random, changed), json.dumps(event)]
    return "\n".join(lines) + "\n"


def use_stages(text: str) -> None:
    (SCRATCH / protocol.MADE_FROM).write_text(text, encoding="utf-8", errors="replace")
    assert worker._read(Dict[str, str], str(SCRATCH), protocol.MADE_FROM) is None
    (SCRATCH / protocol.STAGES).write_text(text, encoding="utf-8", errors="replace")
    events = worker._events(str(SCRATCH))
    worker._spent(events)
    if len(events) < 3:
        raise UsageError("stages", "some are left out")


PACKAGES = Packages(
    "3.11.7", "Linux", [], {"six": "six"}, {"six": "1.16"}, {}, {"six": ["six"]}, {"six": []}
)
RECORD = records.Record("six", "3.11", ("six==1.16",), (), PACKAGES, 7, "venv")


def make_record(random: Random) -> str:
    data = json.loads(json.dumps(asdict(RECORD)))
    return written(random, mutated(random, data, lambda key: key in {"python", "platform", "size"}))


def use_record(text: str) -> None:
    (SCRATCH / records.RECORD).write_text(text, encoding="utf-8", errors="replace")
    record = records.read(SCRATCH)
    if record is None:
        raise UsageError("record", "not taken")
    record.describe(["torch"])
