"""What GitHub Actions shows of a run: annotations beside the log, and the summary of the step.

Source: "Workflow commands for GitHub Actions" of GitHub's documentation.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Mapping

from pytest_export_matrix.judging import verdict as verdicts_
from pytest_export_matrix.judging.verdict import Verdict
from pytest_export_matrix.reporting.captions import change_lines, tally
from pytest_export_matrix.reporting.reporters import markdown
from pytest_export_matrix.results.changes import KINDS
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
    """A workflow command for each group of cells that fails or drifts. The last one says how many
    groups are not shown."""
    by_id = {result.cell.id: result for result in results.cells}
    found = verdicts_.changes(results.cells, dict(verdicts), "")
    for level in ("error", "warning"):
        groups = [
            group
            for group in found.summaries
            if verdicts[group.cells[0].id].fails == (level == "error")
            and (level == "error" or group.kind == "drifting")
        ]
        for group in groups[:ANNOTATIONS]:
            first = by_id[group.cells[0].id]
            said = verdicts[first.cell.id].sentence
            text = f"{first.ending}: {first.headline}\n{said}\n{first.repro}"
            yield f"::{level} title={_property(f'{group.kind}: {group.text}')}::{_data(text)}"
        if len(groups) > ANNOTATIONS:
            yield f"::{level}::{len(groups) - ANNOTATIONS} more groups of cells are in the log"


def summary(results: Results, verdicts: Mapping[str, Verdict]) -> str:
    """The table, the changes and the cells that fail, in Markdown."""
    failing = [result for result in results.cells if verdicts[result.cell.id].fails]
    lines: List[str] = ["## Export matrix", "", tally(results), "", markdown.render(results)]
    lines += [f"- {line.strip()}" for line in change_lines(results.changes)]
    if failing:
        lines += ["", f"### {len(failing)} cells fail", ""]
    for result in failing:
        kind = verdicts[result.cell.id].kind
        lines.append(f"- `{result.cell.id}`: {kind} ({KINDS[kind]}), {result.ending}")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
