"""The reference of the results file -> Markdown, from the code that writes it. Pure."""

from __future__ import annotations

import dataclasses
import json
from typing import Dict, Iterable, List

from pytest_export_matrix.results.file import dumps
from pytest_export_matrix.results.result import Artifact, Result, Trial
from pytest_export_matrix.results.results import Matrix, Results, Versions
from pytest_export_matrix.vocabulary.cells import AXES, Cell
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES, STAGES, Outcome, Sight, Warned
from site_parts.docstrings import about, type_of

#: What a field of the file holds besides.
PARTS = (Trial, Artifact, Warned, Sight, Versions, Matrix)

#: What the fields mean. A field without words here fails the build of the page.
FILE = {
    "format_version": "the version of this format",
    "complete": "whether every planned cell has a result",
    "started": "when the run began, in UTC",
    "seconds": "how long the run took",
    "planned": "how many cells were planned; the sum of `counts`, where the file is complete",
    "counts": "how many cells ended in each outcome",
    "matrix": "the whole matrix that the cells are taken from",
    "shard": "which part of the matrix it is, for instance `2/5`",
    "environments": "by name, the Python and the packages that cells were made with",
    "axes": "the values of each axis, in the order of reports",
    "sights": "what the sample inputs of each architecture see, where that was asked for",
    "cells": "the cells, sorted by their ids",
}
CELL = {
    "id": "the axes, joined; what `pytest` takes behind `export-matrix::`",
    **dict.fromkeys(AXES, "the value of that axis"),
    "language": "the language that the file is run from",
    "environment": "the environment of the runtime",
    "outcome": "one of " + ", ".join(f"`{name}`" for name in OUTCOMES),
    "stage": "where it ended: " + ", ".join(f"`{name}`" for name in STAGES),
    "reason": "why it did not pass; the first line says most",
    "exported_at": "the batches that the file was exported with",
    "ran_at": "the batches that it was run with",
    "deviation": "for each output how far it is from eager; how many objects matched, are missing, "
    "are extra",
    "deviating": "the outputs that are outside tolerance",
    "failed_on": "the inputs that were answered wrongly, or the one that ended the run",
    "flaky": "whether it passed when it was run again",
    "foreign": "whether nobody claims that the runtime runs the file",
    "extra_dependencies": "what the file needs beside the engine",
    "trials": "how that was found: each set of modules that was tried",
    "seconds": "how long each stage took",
    "latency": "seconds of the `first` call and of later ones (`steady`, their median)",
    "program": "versions of the tools that built the program of the runtime",
    "artifact": "the exported file",
    "warnings": "what libraries warned of during the export",
    "cached": "whether the answer is that of an earlier run",
    "repro": "the command that repeats this cell",
}


def page() -> str:
    """Every field of the results file, with its type and what it means."""
    file = json.loads(dumps(Results(0, [])))
    cell = Result(Cell(*AXES), "", "", Outcome.PASSED).row()
    lines = ["## The file", "", *table(file, types(Results), FILE)]
    lines += ["## A cell", "", *table(cell, types(Result), CELL), about(Result)[0], ""]
    for part in PARTS:
        lines += [f"## {part.__name__}", "", about(part)[0], ""]
        lines += [f"- `{each.name}`: `{type_of(each.type)}`" for each in dataclasses.fields(part)]
        lines.append("")
    return "\n".join(lines)


def table(names: Iterable[str], kinds: Dict[str, str], meanings: Dict[str, str]) -> List[str]:
    rows = [f"| `{name}` | `{kinds.get(name, 'str')}` | {meanings[name]} |" for name in names]
    return ["| field | type | meaning |", "| --- | --- | --- |", *rows, ""]


def types(kind: type) -> Dict[str, str]:
    """The types of the fields and of the properties of a dataclass."""
    found = {field.name: type_of(field.type) for field in dataclasses.fields(kind)}
    for name, value in vars(kind).items():
        if isinstance(value, property):
            found[name] = type_of(value.fget.__annotations__["return"])
    return {"format_version": "int", **found}
