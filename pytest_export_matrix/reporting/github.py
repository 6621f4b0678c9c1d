"""What GitHub Actions shows of a run: annotations beside the log, and the summary of the step.

Source: "Workflow commands for GitHub Actions" of GitHub's documentation.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Mapping, Tuple

from pytest_export_matrix.judging import verdict as verdicts_
from pytest_export_matrix.judging.verdict import Verdict
from pytest_export_matrix.reporting.captions import change_lines, tally
from pytest_export_matrix.reporting.causes import Cause, causes
from pytest_export_matrix.reporting.grades import describe
from pytest_export_matrix.reporting.markup import MARKDOWN
from pytest_export_matrix.reporting.printable import printable
from pytest_export_matrix.reporting.reporters import markdown
from pytest_export_matrix.results.changes import KINDS, Summary
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results

#: GitHub shows ten annotations of a kind and step.
ANNOTATIONS = 10


def report(
    results: Results,
    verdicts: Dict[str, Verdict],
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> None:
    """On GitHub Actions, `say` the annotations and append the summary."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    for line in commands(results, verdicts):
        say(line)
    path = environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(summary(results, verdicts))


def commands(results: Results, verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    """A workflow command for each cause of cells that fail, and for each group of cells that passed
    and fail or drift. The last one says how many are not shown."""
    failing = [result for result in results.cells if verdicts[result.cell.id].fails]
    by_id = {result.cell.id: result for result in results.cells}
    errors = [_of_cause(cause, verdicts) for cause in causes(failing)]
    warnings = []
    for group in verdicts_.changes(results.cells, dict(verdicts), "").summaries:
        first = by_id[group.cells[0].id]
        if first.passed and verdicts[first.cell.id].fails:
            errors.append(_of_group(group, first, verdicts))
        elif group.kind == "drifting":
            warnings.append(_of_group(group, first, verdicts))
    for level, found in (("error", errors), ("warning", warnings)):
        for title, text in found[:ANNOTATIONS]:
            yield f"::{level} title={_property(title)}::{_data(text)}"
        if len(found) > ANNOTATIONS:
            yield f"::{level}::{len(found) - ANNOTATIONS} more are in the log"


def _of_cause(cause: Cause, verdicts: Mapping[str, Verdict]) -> Tuple[str, str]:
    """Title and text of an annotation."""
    shows = cause.simplest
    verdict = verdicts[shows.cell.id]
    return f"{verdict.kind}: {cause.ends}", f"{cause.headline}\n{verdict.sentence}\n{shows.repro}"


def _of_group(group: Summary, first: Result, verdicts: Mapping[str, Verdict]) -> Tuple[str, str]:
    said = verdicts[first.cell.id].sentence
    text = f"{first.ending}: {first.headline}\n{said}\n{first.repro}"
    return f"{group.kind}: {group.text}", text


def summary(results: Results, verdicts: Mapping[str, Verdict]) -> str:
    """The tables, the changes and why cells fail, in Markdown."""
    failing = [result for result in results.cells if verdicts[result.cell.id].fails]
    lines: List[str] = ["## Export matrix", "", tally(results), "", markdown.render(results)]
    lines += [f"- {line.strip()}" for line in change_lines(results.changes)]
    if failing:
        lines += ["", f"### {len(failing)} cells fail", ""]
        for cause in causes(failing):
            kind = verdicts[cause.simplest.cell.id].kind
            lines.append(f"- {kind}: {MARKDOWN.escape(describe(cause))}")
    for result in failing:
        if result.passed:
            kind = verdicts[result.cell.id].kind
            lines.append(f"- `{result.cell.id}`: {kind} ({KINDS[kind]}), {result.ending}")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
