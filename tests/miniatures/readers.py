"""All that this package reads from others, each with inputs for it (`mutations`).

`make` draws an input. `use` reads it and does what is done with what was read; it returns whether
the input was taken. Our own errors are the refusals; any other exception is a bug.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Callable

import states

from miniatures.mutations import TEXTS, damaged, mutated, written
from miniatures.readers_of_processes import (
    make_answer,
    make_entry,
    make_record,
    make_stages,
    use_answer,
    use_entry,
    use_record,
    use_stages,
)
from miniatures.readers_of_values import (
    make_options,
    make_registration,
    use_options,
    use_registration,
)
from pytest_export_matrix.judging import baseline as baselines
from pytest_export_matrix.judging.acceptance import differences, updated
from pytest_export_matrix.judging.diff import diff
from pytest_export_matrix.judging.gate import Gate
from pytest_export_matrix.planning.selection import select
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
from pytest_export_matrix.results.result import Artifact, Trial
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import AXES
from pytest_export_matrix.vocabulary.errors import ExportMatrixError
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage, Warned


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
