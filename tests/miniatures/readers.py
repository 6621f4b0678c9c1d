"""All that this package reads from others, each with inputs for it (`mutations`).

`make` draws an input. `use` reads it and does what is done with what was read; it returns whether
the input was taken. Our own errors are the refusals; any other exception is a bug.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Callable, Dict, List

import states
from test_messages import ANSWER

import pytest_export_matrix as em
from miniatures.mutations import ODD, TEXTS, damaged, mutated, written
from pytest_export_matrix.environments import records
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.execution import conclusions
from pytest_export_matrix.execution.answers import StepAnswer, UnderLimits, read_answer, read_stored
from pytest_export_matrix.execution.store import CONTENT, DIGEST, ENTRY, Store
from pytest_export_matrix.execution.workers import worker
from pytest_export_matrix.judging import baseline as baselines
from pytest_export_matrix.judging.acceptance import differences, updated
from pytest_export_matrix.judging.diff import diff
from pytest_export_matrix.judging.gate import Gate
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.planning import matrix
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.planning.selection import select
from pytest_export_matrix.pytest_run import options
from pytest_export_matrix.reporting import (
    change_formats,
    document_tables,
    documents,
    github,
    table_formats,
    terminal,
)
from pytest_export_matrix.reporting.printable import CONTROL, printable
from pytest_export_matrix.reporting.reporters import markdown, rst
from pytest_export_matrix.results import file
from pytest_export_matrix.results.combine import combine
from pytest_export_matrix.results.result import Artifact, Result, Trial
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import AXES
from pytest_export_matrix.vocabulary.errors import ExportMatrixError, UsageError
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage, Warned
from pytest_export_matrix.worker import protocol
from pytest_export_matrix.worker.dataclass_json import to_json


@dataclass(frozen=True)
class Reader:
    make: Callable[[Random], Any]
    use: Callable[[Any], None]

    def takes(self, seed: int) -> bool:
        """Whether the input of this seed was taken. Any error but our own is raised."""
        try:
            self.use(self.make(Random(seed)))
        except ExportMatrixError as error:
            assert str(error)
            return False
        return True


CELLS = states.cells("net", "other_net")
ENDINGS = [
    states.passed(1e-7, CELLS[0], latency={"first": 0.1, "later": 0.01}),
    states.result(
        CELLS[1], Outcome.PASSED, flaky=False, warnings=[Warned("UserWarning", "old", 2)]
    ),
    states.failed(CELLS[2], deviating=["boxes"], failed_on=["ordinary"]),
    states.failed(
        CELLS[3], Stage.EXPORT, trials=[Trial(["torchvision"], Outcome.FAILED, None, "")]
    ),
    states.result(CELLS[4], Outcome.CRASHED, stage=Stage.RUN, reason="killed by SIGSEGV\nthere"),
    states.result(CELLS[5], Outcome.TIMED_OUT, stage=Stage.LOAD, artifact=Artifact("ab", 7)),
    states.result(CELLS[6], Outcome.UNAVAILABLE, reason="no GPU here"),
    states.result(CELLS[7], Outcome.FAILED, flaky=True, ran_at=[[1, 24, 32]]),
]
RESULTS = states.results(ENDINGS, CELLS)
FILE = json.loads(file.dumps(RESULTS))
BASELINE = updated(None, ENDINGS, "slim", [cell.id for cell in CELLS[:8]])
SCRATCH = Path(tempfile.mkdtemp(prefix="readers-"))


def held(results: Results, baseline: baselines.Baseline) -> Gate:
    return Gate(Path("baseline.json"), baseline, "slim", frozenset(), False, lambda _: "accept")


# The results file: what was taken can be shown in every form, and be written and read again.

FREE = {"reason", "repro", "message", "category", "started", "torch", "python", "platform"}
FREE |= {"seconds", "run", "first", "later", "bytes", "max_abs", "cached", "language"}


def make_results(random: Random) -> str:
    return written(random, mutated(random, FILE, lambda key: key in FREE))


def use_results(text: str) -> None:
    results = file.loads(text, "results.json")
    gate = held(results, BASELINE)
    verdicts = gate.verdicts(results.cells)
    results.changes = gate.changes(results.cells)
    for _, line in terminal.lines(results, verdicts, {}, width=80):
        assert not CONTROL.search(printable(line))
    for line in github.commands(results, verdicts):
        assert "\n" not in line
    for render in (markdown.render, rst.render):
        assert render(results)
    for formatted in change_formats.FORMATS.values():
        formatted(diff(RESULTS, results, "old"))
    combine([("one", results), ("two", results)])
    assert file.dumps(file.loads(file.dumps(results), "again")) == file.dumps(results)
    baselines.loads(baselines.dumps(updated(BASELINE, results.cells, "slim", None)), "again")


# A baseline.


def make_baseline(random: Random) -> str:
    data = json.loads(baselines.dumps(BASELINE))
    return written(random, mutated(random, data, lambda key: key in ("note", "issue", "outputs")))


def use_baseline(text: str) -> None:
    baseline = baselines.loads(text, "baseline.json")
    gate = held(RESULTS, baseline)
    assert all(verdict.kind for verdict in gate.verdicts(ENDINGS).values())
    differences(BASELINE, baseline)
    again = baselines.dumps(updated(baseline, ENDINGS, "slim", None))
    assert baselines.dumps(baselines.loads(again, "again")) == again


# Words: selections, requests for tables, documents.


def make_selection(random: Random) -> str:
    def term() -> str:
        axis = random.choice(AXES)
        value = random.choice([getattr(random.choice(CELLS), axis)] * 6 + ["*", "?*"])
        if random.random() < 0.06:
            return f"{random.choice((*AXES, *TEXTS))}={random.choice(TEXTS)}"
        return f"{axis}={value}"

    text = ",".join(term() for _ in range(random.randrange(1, 4)))
    return damaged(random, text) if random.random() < 0.1 else text


def use_selection(text: str) -> None:
    assert select(CELLS, [text])


def make_request(random: Random) -> str:
    table = random.choice(list(document_tables.TABLES))
    chosen = (
        make_selection(random) if random.random() < 0.5 else f"architecture={CELLS[0].architecture}"
    )
    return f"table={table},{chosen}"


def use_request(text: str) -> None:
    shown = document_tables.build(document_tables.parse(text, "asked"), RESULTS, "asked")
    for formatted in table_formats.FORMATS.values():
        assert isinstance(formatted(shown), str)


LINES = (
    *(
        "",
        "# Title",
        "words",
        "    code",
        "```",
        "~~~",
        "- item",
        "> quote",
        ".. note::",
        "::",
        "|",
    ),
    *(
        "<!-- export-matrix: begin -->",
        "<!-- export-matrix: end -->",
        "<!-- export-matrix: end -->",
    ),
    *(
        ".. export-matrix: begin",
        ".. export-matrix: end",
        "\t",
        "<!--",
        "-->",
        "<pre>",
        "=====",
        "--",
    ),
    "<!-- export-matrix: begin table=limits -->",
    "<!-- export-matrix: begin architecture=net -->",
    "<!-- export-matrix: begin table=latency architecture=other* -->",
)
WHOLE = states.results([states.passed(1e-7, cell) for cell in CELLS])


def make_document(random: Random) -> Any:
    """Blocks between lines of all kinds, in a document of either language."""
    suffix = random.choice([".md", ".rst"])
    begin, end = ("<!-- export-matrix: begin -->", "<!-- export-matrix: end -->")
    if suffix == ".rst":
        begin, end = ".. export-matrix: begin", ".. export-matrix: end"
    whole = ["words", "", begin, "", *random.choices(LINES[:3], k=2), "", end, ""]
    if random.random() < 0.4:
        for _ in range(random.randrange(1, 3)):
            whole.insert(random.randrange(len(whole) + 1), random.choice((*LINES, *TEXTS)))
    text = random.choice(["\n", "\n", "\r\n"]).join(whole)
    return text, f"document{suffix}"


def use_document(given: Any) -> None:
    text, name = given
    new = documents.rewrite(text, WHOLE, "results.json", name)
    assert documents.rewrite(new, WHOLE, "results.json", name) == new


# Files by which processes talk: entries of the store, what a task answers, stages, records.


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


# Python values: what a conftest.py registers, and what the command line gives.

ENTRIES: List[Any] = [
    em.Architecture("net", build="models:Net", sizes=[(8, 8)], keywords={"width": 2}),
    em.Exporter("mine", "onnx", capture="mine:capture", lower="mine:lower", suffix=".onnx"),
    em.Runtime("engine", ["onnx"], "mine:Session", modules=["engine"], preload=["engine"]),
    em.Environment("old", python="3.9", requirements=["torch==1.10"]),
    em.Reporter("brief", "brief.txt", "mine:render"),
    em.OutputKind("own", "kinds:compare", {"digits": 3}),
]
HARMLESS: Dict[str, List[Any]] = {
    "family": [""],
    "keywords": [{}, {"a": 1}],
    "sizes": [[(16, 24)], ((8, 8), (9, 9))],
    "language": ["C++", "rust"],
    "modules": [["torch"], []],
    "commands": [["cmake"], ()],
    "requirements": [["numpy"], []],
    "options": [{}, {"x": None}],
    "needs": [["itables"]],
    "portable": [True, False],
}


def make_registration(random: Random) -> Any:
    entry = random.choice(ENTRIES)
    given = {each.name: getattr(entry, each.name) for each in fields(entry)}
    for _ in range(random.randrange(3)):
        name = random.choice(sorted(given))
        wild = random.random() < 0.3
        given[name] = random.choice(ODD if wild else HARMLESS.get(name, [given[name]]))
    return type(entry), given


def use_registration(made: Any) -> None:
    kind, given = made
    registry = Registry()
    registry.add(kind(**given))
    for entry in (*ENTRIES[:3], em.OutputKind("tensors", "kinds:compare")):
        if type(entry) is not kind:
            registry.add(entry)
    registry.check_names()
    registry.check_environments()
    registry.check_preparations()
    for architecture in matrix.with_profile(registry.architectures, "slim"):
        assert architecture.name
    for cell in matrix.all_cells(registry):
        assert registry.recipe(cell).cell == cell


OPTION_VALUES: Dict[str, List[str]] = {
    "workers": ["1", "2"],
    "timeout": ["10", "0.5"],
    "memory": ["4", "2.5"],
    "shard": ["1/2", "3/3"],
    "sees": ["95", "100"],
    "cache": ["/tmp/x", "x"],
    "profile": ["slim"],
}
LISTS: Dict[str, List[str]] = {
    "size": ["224x256"],
    "model": ["a:b"],
    "devices": ["cpu", "cpu,cuda"],
}


def make_options(random: Random) -> Dict[str, Any]:
    given: Dict[str, Any] = {}
    for name, values in OPTION_VALUES.items():
        if random.random() < 0.3:
            wild = random.random() < 0.2
            given[name] = random.choice([*TEXTS, *map(repr, ODD)] if wild else values)
    for name, values in LISTS.items():
        if random.random() < 0.3:
            given[name] = [random.choice(TEXTS if random.random() < 0.15 else values)]
    return given


def use_options(given: Dict[str, Any]) -> None:
    def getoption(name: str, default: Any = None) -> Any:
        name = name.replace("export_matrix_", "")
        empty: Any = [] if name in (*LISTS, "select", "require", "docs") else None
        return given.get(name, empty)

    config: Any = SimpleNamespace(
        getoption=getoption, getini=lambda name: [], rootpath=Path("/"), option=SimpleNamespace()
    )
    settings = options.read(config)
    assert settings.lanes >= 1 and settings.memory > 0 and settings.seconds > 0


READERS = {
    "results file": Reader(make_results, use_results),
    "baseline": Reader(make_baseline, use_baseline),
    "selection": Reader(make_selection, use_selection),
    "request": Reader(make_request, use_request),
    "document": Reader(make_document, use_document),
    "entry of the store": Reader(make_entry, use_entry),
    "answer of a task": Reader(make_answer, use_answer),
    "stages of a task": Reader(make_stages, use_stages),
    "record of an environment": Reader(make_record, use_record),
    "registration": Reader(make_registration, use_registration),
    "options": Reader(make_options, use_options),
}
