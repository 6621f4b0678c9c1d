"""How long a matrix takes in more lanes, by simulation of the scheduler over recorded costs.

    python benchmarks/simulate_schedule.py reports/results.json
    python benchmarks/simulate_schedule.py reports/results.json --lanes 256 --driver 0.02

The units are those of a run: the model, its captures, its cells. Their costs are the seconds in a
results file; the costs of starting workers are not in it. The schedule is that of
`pytest_export_matrix.execution.scheduler.Ready`. `--driver` is what the process of pytest does for
a unit on a cluster, in seconds: for one unit at a time, as it is one process.
"""

from __future__ import annotations

import argparse
import heapq
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Hashable, Iterable, List, Sequence, Tuple

import tabulate

from pytest_export_matrix.execution.scheduler import Ready
from pytest_export_matrix.results.file import load
from pytest_export_matrix.results.result import Result

HEADERS = ("lanes", "seconds", "in the order of the plan", "at best", "efficiency")


@dataclass
class Work:
    """A unit: its number in the plan, its cost in seconds, and what waits for it."""

    number: int
    cost: float
    needs: int
    leads_to: List["Work"] = field(default_factory=list)
    path: float = 0.0

    def __lt__(self, other: "Work") -> bool:
        return self.number < other.number


def units(cells: Iterable[Result], copies: int = 1) -> List[Work]:
    """The units of `copies` of a matrix, in the order of the plan, with their longest paths."""
    found: Dict[Hashable, Work] = {}

    def unit(key: Hashable, seconds: float, after: Sequence[Work] = ()) -> Work:
        if key not in found:
            found[key] = Work(len(found), seconds, len(after))
            for needed in after:
                needed.leads_to.append(found[key])
        return found[key]

    rows = list(cells)
    for copy in range(copies):
        for row in rows:
            spent, cell = row.seconds, row.cell
            prepared = spent.get("build", 0.0) + spent.get("reference", 0.0)
            model = unit((copy, cell.architecture, cell.device, cell.preparation), prepared)
            # Cells that share a capture have its seconds.
            shared = (cell.architecture, cell.method, cell.format, cell.device, cell.preparation)
            export = spent.get("export", 0.0)
            capture = unit((copy, *shared, export), export, [model])
            rest = sum(spent.get(stage, 0.0) for stage in ("load", "run", "compare"))
            unit((copy, cell.id), rest, [capture])
    planned = list(found.values())
    for each in reversed(planned):  # a unit is planned after those that it needs
        each.path = each.cost + max((later.path for later in each.leads_to), default=0.0)
    return planned


def makespan(
    planned: Sequence[Work], lanes: int, by_cost: bool = True, driver: float = 0.0
) -> float:
    """Seconds until the last unit has ended. Without `by_cost`, units keep the plan's order."""
    ready: Ready[Work] = Ready()
    left = sum(each.cost for each in planned)
    waits = {each.number: each.needs for each in planned}
    running: List[Tuple[float, Work]] = []
    now = driver_free = 0.0
    for each in planned:
        if not each.needs:
            ready.add(each.number, each.path if by_cost else 0.0, each)
    while ready or running:
        while ready and len(running) < lanes:
            begun = ready.take(lanes, left)
            driver_free = max(now, driver_free) + driver
            heapq.heappush(running, (max(now, driver_free) + begun.cost, begun))
        now, ended = heapq.heappop(running)
        left -= ended.cost
        for later in ended.leads_to:
            waits[later.number] -= 1
            if not waits[later.number]:
                ready.add(later.number, later.path if by_cost else 0.0, later)
    return now


def table(planned: Sequence[Work], lanes: Iterable[int], driver: float = 0.0) -> str:
    """A row for each number of lanes. At best: all lanes busy, or the longest path."""
    rows = []
    for number in lanes:
        work = sum(each.cost for each in planned)
        best = max(work / number, max(each.path for each in planned))
        found = makespan(planned, number, driver=driver)
        in_order = makespan(planned, number, by_cost=False, driver=driver)
        rows.append((number, found, in_order, best, best / found))
    return tabulate.tabulate(rows, HEADERS, floatfmt=("d", ".0f", ".0f", ".0f", ".3f"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--lanes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--copies", type=int, default=1, help="plan the matrix so many times")
    parser.add_argument("--driver", type=float, default=0.0, help="seconds of pytest for a unit")
    asked = parser.parse_args()
    cells = load(asked.results).cells
    planned = units(cells, asked.copies)
    sys.stdout.write(f"{len(cells) * asked.copies} cells, {len(planned)} units\n")
    sys.stdout.write(f"{table(planned, asked.lanes, asked.driver)}\n")


if __name__ == "__main__":
    main()
