"""What the table reporters share: header and rows, title, and what the table was made from."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from pytest_export_matrix.reporting.markup import Markup
from pytest_export_matrix.reporting.support_table import Table, tables, unavailable
from pytest_export_matrix.results.changes import KINDS, Changes
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import OUTCOMES


def title(table: Table) -> str:
    return f"Export support on {table.device}"


def table_rows(table: Table) -> Tuple[List[str], List[List[str]]]:
    """Header and rows of text."""
    return ["Export method", *table.methods], [[label, *entries] for label, entries in table.rows]


def document(results: Results, markup: Markup) -> str:
    """Every table under its heading, then the footnotes."""
    parts = []
    for table in tables(results.cells):
        parts += [markup.title(title(table)), markup.table(*table_rows(table))]
    return "\n\n".join([*parts, markup.bullets(footnotes(results))]) + "\n"


def tally(results: Results) -> str:
    """The number of planned cells, and of each outcome that occurred, in words."""
    counts = results.counts
    named = [f"{counts[name]} {name.replace('_', ' ')}" for name in OUTCOMES if counts[name]]
    text = f"{results.planned} cells planned: {', '.join(named) or 'none run'}"
    lacking = results.planned - len(results.cells)
    return f"{text}, {lacking} without a result" if lacking else text


#: What the marks of the support table mean.
LEGEND = (
    "✅: the exported file, loaded in a process without the model's code, answered every "
    "sample input like the eager model, at the exported size and one image. ❌: it did not; "
    "the stage it failed at is in parentheses.",
)


def footnotes(results: Results, legend: Sequence[str] = LEGEND) -> List[str]:
    """What the marks mean, and what the table was made from."""
    notes = [*legend, tally(results) + "."]
    notes += [f"{number} unavailable: {reason}." for reason, number in unavailable(results.cells)]
    for name, environment in sorted(results.environments.items()):
        packages = ", ".join(f"{k} {v}" for k, v in sorted(environment.packages.items()))
        notes.append(f"Environment {name}: Python {environment.python}, {packages}.")
    return notes


def change_lines(changes: Optional[Changes]) -> List[str]:
    """A line for each summary of changes, worst first, and for each changed package."""
    if changes is None:
        return []
    if not changes.changes and not changes.packages:
        return [f"against {changes.against}: nothing changed"]
    lines = [f"against {changes.against}:"]
    lines += [f"  {found.kind} ({KINDS[found.kind]}): {found.text}" for found in changes.summaries]
    for environment, package, old, new in changes.packages:
        lines.append(f"  {environment}: {package} {old} -> {new}")
    return lines
