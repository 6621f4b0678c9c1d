"""What changed between two results files: for the terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
from typing import Callable, Dict

from tabulate import tabulate

from pytest_export_matrix.reporting.captions import change_lines
from pytest_export_matrix.results.changes import KINDS, Changes


def as_text(changes: Changes) -> str:
    """Summaries, then each cell."""
    lines = change_lines(changes)
    rows = [(c.kind, c.cell.id, c.old, c.new) for c in changes.changes]
    if rows:
        lines += ["", tabulate(rows, headers=["", "cell", "before", "now"], tablefmt="simple")]
    return "\n".join(lines) + "\n"


def as_markdown(changes: Changes) -> str:
    """The same for a pull request; the cells are folded away."""
    lines = [f"### Export matrix against {changes.against}", ""]
    if not changes.changes and not changes.packages:
        return "\n".join([*lines, "Nothing changed."]) + "\n"
    lines += [f"- **{s.kind}** ({KINDS[s.kind]}): {s.text}" for s in changes.summaries]
    lines += [f"- {env}: {name} {old} → {new}" for env, name, old, new in changes.packages]
    rows = [(c.kind, f"`{c.cell.id}`", c.old, c.new) for c in changes.changes]
    if rows:
        table = tabulate(rows, headers=["", "cell", "before", "now"], tablefmt="github")
        opening = f"<details><summary>{len(rows)} changes</summary>"
        lines += ["", opening, "", table, "", "</details>"]
    return "\n".join(lines) + "\n"


def as_json(changes: Changes) -> str:
    """Everything, for other programs."""
    data = {
        "against": changes.against,
        "summaries": [
            {"kind": s.kind, "where": s.where, "cells": [cell.id for cell in s.cells]}
            for s in changes.summaries
        ],
        "changes": [
            {"kind": c.kind, "cell": c.cell.id, "before": c.old, "now": c.new}
            for c in changes.changes
        ],
        "packages": [
            {"environment": env, "package": name, "before": old, "now": new}
            for env, name, old, new in changes.packages
        ],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


FORMATS: Dict[str, Callable[[Changes], str]] = {
    "terminal": as_text,
    "md": as_markdown,
    "json": as_json,
}
