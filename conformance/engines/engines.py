"""`engines.md`: a row for each way into an engine, with the suite's models whole and in parts."""

from __future__ import annotations

from collections import Counter

from conformance.architectures.table import PARTS
from pytest_export_matrix.reporting.captions import footnotes
from pytest_export_matrix.reporting.grids import by_way, claimed
from pytest_export_matrix.reporting.markup import MARKDOWN
from pytest_export_matrix.reporting.names import shown
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results

HEADER = [
    "exported by",
    "format",
    "runs in",
    "models",
    "their parts",
    "the others stop at",
    "seconds",
]
IN_PARTS = {each.name for each in PARTS}
#: What an engine does by itself. Eager answers and exported files are shared by cells.
OWN_STAGES = ("load", "run")


def render(results: Results) -> str:
    """Markdown. How many cells passed, of all that were carried out; at which stage the others
    stop; and the seconds that loading and running took."""
    rows = []
    for (method, format, runtime), way in by_way(claimed(results.cells)).items():
        parts = [each for each in way if each.cell.architecture in IN_PARTS]
        whole = [each for each in way if each.cell.architecture not in IN_PARTS]
        seconds = sum(each.seconds.get(stage, 0.0) for each in way for stage in OWN_STAGES)
        row = [method, shown(format), shown(runtime), passed(whole), passed(parts)]
        rows.append([*row, stops(way), f"{seconds:.0f}"])
    notes = MARKDOWN.bullets(footnotes(results, legend=()))
    return f"# Engines\n\n{MARKDOWN.table(HEADER, rows)}\n\n{notes}\n"


def passed(cells: list[Result]) -> str:
    ran = [each for each in cells if not each.absent]
    return f"{sum(each.passed for each in ran)} of {len(ran)}" if ran else "–"


def stops(cells: list[Result]) -> str:
    where = Counter(
        "unavailable" if each.absent else str(each.stage) for each in cells if not each.passed
    )
    return ", ".join(f"{stage} {count}" for stage, count in where.most_common())
