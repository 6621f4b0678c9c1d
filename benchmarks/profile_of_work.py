"""Where the time of a matrix goes, by what is exported and by stage, from a results file.

    python benchmarks/profile_of_work.py reports/results.json

Seconds of work in one lane. What cells share is counted once: the eager answers of a model, and the
file of a capture. Starting workers is not in it.
"""

from __future__ import annotations

import argparse
import collections
import sys
from pathlib import Path
from typing import Dict, Iterable, List, Set, Tuple

import tabulate

from pytest_export_matrix.results.file import load
from pytest_export_matrix.results.result import Result

HEADERS = ("exported by", "cells", "export", "load", "run", "compare", "all", "share")
STAGES = ("export", "load", "run", "compare")
EAGER = "eager answers"


def profile(cells: Iterable[Result]) -> Dict[str, Dict[str, float]]:
    """Seconds by stage, and the number of cells, for each (method, format) and for eager."""
    found: Dict[str, Dict[str, float]] = collections.defaultdict(collections.Counter)
    counted: Set[Tuple[object, ...]] = set()

    def once(*key: object) -> bool:
        new = key not in counted
        counted.add(key)
        return new

    for row in cells:
        cell, spent = row.cell, row.seconds
        name = f"{cell.method}, {cell.format}"
        name += ", prepared" if cell.preparation == "prepared" else ""
        model = (cell.architecture, cell.device, cell.preparation)
        if once("build", *model):
            found[EAGER]["run"] += spent.get("build", 0.0)
        # Cells of other sizes or numbers of images have other cases.
        if once("reference", *model, cell.resolution, cell.batch):
            found[EAGER]["run"] += spent.get("reference", 0.0)
        # Cells that share a capture have its seconds.
        seconds = spent.get("export", 0.0)
        if seconds and once(name, cell.architecture, cell.device, seconds):
            found[name]["export"] += seconds
        for stage in STAGES[1:]:
            found[name][stage] += spent.get(stage, 0.0)
        found[name]["cells"] += 1
    return found


def table(found: Dict[str, Dict[str, float]]) -> str:
    """The rows with the most seconds first."""
    totals = {name: sum(row[stage] for stage in STAGES) for name, row in found.items()}
    work = sum(totals.values())
    rows: List[Tuple[object, ...]] = []
    for name in sorted(totals, key=lambda name: -totals[name]):
        row = found[name]
        seconds = [row[stage] for stage in STAGES]
        share = f"{100 * totals[name] / work:.0f} %"
        rows.append((name, int(row["cells"]) or "", *seconds, totals[name], share))
    sums = [sum(row[stage] for row in found.values()) for stage in STAGES]
    cells = int(sum(row["cells"] for row in found.values()))
    rows.append(("all", cells, *sums, work, "100 %"))
    return tabulate.tabulate(rows, HEADERS, floatfmt=".0f", tablefmt="github")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    sys.stdout.write(f"{table(profile(load(parser.parse_args().results).cells))}\n")


if __name__ == "__main__":
    main()
