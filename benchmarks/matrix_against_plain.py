"""The matrix, cold and warm, against the same cells as plain parametrized tests.

    python benchmarks/matrix_against_plain.py                             everything: long
    python benchmarks/matrix_against_plain.py --select "architecture=retinanet,format=torchscript"
    python benchmarks/matrix_against_plain.py --project ../mine --model my_models:build

Three runs, one after the other: `pytest --export-matrix` with an empty cache, the same again, and
`plain_cells.py`. Nothing else should run on the machine. Only cells of the CPU are run, unless a
selection names a device.
"""

# ruff: noqa: T201 - a script: it prints what it finds

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from plain_cells import JOURNAL, read_journal

HERE = Path(__file__).resolve().parent
PLAIN = HERE / "plain_cells.py"
#: Where pytest looks for its configuration, in its order.
CONFIGURATIONS = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
#: Run once before anything is measured. Otherwise the first run alone would read the libraries from
#: the disk and compile their bytecode. Only an export imports many of them.
WARM_UP = """
import onnx, onnxruntime, onnxscript, torch, torchvision
program = torch.export.export(torch.nn.Linear(1, 1), (torch.ones(2, 1),))
torch.onnx.export(program, dynamo=True, verbose=False)
"""
#: (outcome, stage) of a cell.
End = tuple[str, str]


class Spent(NamedTuple):
    """Seconds of a run, and of the processors in all its processes."""

    wall: float
    cpu: float


class Broken(Exception):
    """A run that came to no result; the text says what it printed."""


def main() -> int:
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="matrix-against-plain-") as scratch:
        # Without bytecode, every process would compile what it imports again.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(scratch, "bytecode")
        if not arguments.no_warm_up:
            log = Path(scratch, "warm-up.log")
            run([sys.executable, "-c", WARM_UP], Path(scratch), log, "warm-up")
        try:
            report = measure(arguments, Path(scratch))
        except Broken as broken:
            print(broken, file=sys.stderr)
            return 1
    show(report)
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--project", type=Path, default=HERE.parent, help="root of the project (default: this)")
    add("--select", action="append", metavar="EXPR", help="as --export-matrix-select; repeatable")
    add("--model", action="append", default=[], help="as --export-matrix-model; repeatable")
    add("--profile", default="slim", help="as --export-matrix-profile (default: slim)")
    add("--workers", help="as --export-matrix-workers")
    add("--no-warm-up", action="store_true", help="to see that it works: the seconds do not count")
    add("--output", type=Path, metavar="FILE", help="write all figures as JSON")
    return parser.parse_args()


def measure(arguments: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """All figures of the report."""
    pytest = command(arguments)
    matrix = {name: run_matrix(pytest, arguments, scratch, name) for name in ("cold", "warm")}
    plain, plain_spent, processes = run_plain(pytest, arguments, scratch)
    ends = {name: matrix_ends(results) for name, (results, _) in matrix.items()}
    spent = {name: spent for name, (_, spent) in matrix.items()} | {"plain": plain_spent}
    cold, warm = matrix["cold"][0], matrix["warm"][0]
    return {
        "planned": cold["planned"],
        "cores": os.cpu_count(),
        "environment": cold["environments"],
        "selected": selections(arguments),
        "seconds": {name: round(each.wall, 2) for name, each in spent.items()},
        "cpu_seconds": {name: round(each.cpu, 2) for name, each in spent.items()},
        "plain_over_cold": round(spent["plain"].wall / spent["cold"].wall, 2),
        "cold_over_warm": round(spent["cold"].wall / spent["warm"].wall, 2),
        "warm_from_cache": sum(cell["cached"] for cell in warm["cells"]),
        "plain_processes": processes,
        "outcomes": {name: count(found) for name, found in {**ends, "plain": plain}.items()},
        "disagreements": disagreements(ends["cold"], plain),
        "changed_when_warm": disagreements(ends["cold"], ends["warm"]),
    }


def command(arguments: argparse.Namespace) -> list[str]:
    """The options that both ways of running the cells share."""
    root = arguments.project.resolve()
    found = [root / name for name in CONFIGURATIONS if (root / name).exists()]
    words = [sys.executable, "-m", "pytest", "--export-matrix", "--tb=no", "-q"]
    words += ["-p", "no:cacheprovider", "--rootdir", str(root)]
    # If plain_cells.py lies outside of the project, pytest would use the configuration beside it.
    words += ["-c", str(found[0]) if found else os.devnull]
    words += ["--export-matrix-profile", arguments.profile]
    for text in arguments.model:
        words += ["--export-matrix-model", text]
    for text in selections(arguments):
        words += ["--export-matrix-select", text]
    return words


def selections(arguments: argparse.Namespace) -> list[str]:
    given = arguments.select or [""]
    return [text if "device=" in text else f"{text},device=cpu".lstrip(",") for text in given]


def run_matrix(
    pytest: Sequence[str], arguments: argparse.Namespace, scratch: Path, name: str
) -> tuple[dict[str, Any], Spent]:
    """The results file and the seconds of one run. The second run finds the cache of the first."""
    words = [*pytest, f"--export-matrix-cache={scratch / 'cache'}"]
    words += [f"--export-matrix-reports={scratch / name}"]
    if arguments.workers:
        words += ["--export-matrix-workers", arguments.workers]
    log = scratch / f"{name}.log"
    code, spent = run(words, arguments.project, log, f"matrix, {name}")
    results = scratch / name / "results.json"
    if code not in (0, 1) or not results.exists():
        raise Broken(f"the matrix did not run (exit code {code}):\n{log.read_text()[-4000:]}")
    return json.loads(results.read_text(encoding="utf-8")), spent


def run_plain(
    pytest: Sequence[str], arguments: argparse.Namespace, scratch: Path
) -> tuple[dict[str, End], Spent, int]:
    """How each plain test ended, the seconds, and how many processes they took.

    A test that crashes ends a plain run. Here another process runs the remaining tests, so that all
    cells can be compared.
    """
    journal = scratch / "plain.jsonl"
    words = [*pytest, "--deselect", "export-matrix::", str(PLAIN)]
    words += ["--basetemp", str(scratch / "plain"), "-o", "tmp_path_retention_policy=none"]
    # Given a path outside of the project, pytest would not look for the project's own conftest.
    conftest = arguments.project.resolve() / "conftest.py"
    words += [str(conftest)] if conftest.exists() else []
    total, processes = Spent(0.0, 0.0), 0
    while True:
        known = len(plain_ends(journal))
        log = scratch / f"plain_{processes}.log"
        code, spent = run(words, arguments.project, log, "plain tests", {JOURNAL: str(journal)})
        total = Spent(total.wall + spent.wall, total.cpu + spent.cpu)
        processes += 1
        ends = plain_ends(journal)
        if code in (0, 1):
            return ends, total, processes
        if len(ends) == known:
            raise Broken(f"the plain tests did not run:\n{log.read_text()[-4000:]}")


def run(
    words: Sequence[str], folder: Path, log: Path, what: str, extra: Mapping[str, str] | None = None
) -> tuple[int, Spent]:
    """The exit code and the seconds of one process and all that it started."""
    print(f"{what} ...", end=" ", flush=True)
    since, cpu_before = time.perf_counter(), cpu_seconds()
    with log.open("w") as file:
        environment = {**os.environ, **(extra or {})}
        done = subprocess.run(words, cwd=folder, env=environment, stdout=file, stderr=file)
    spent = Spent(time.perf_counter() - since, cpu_seconds() - cpu_before)
    print(f"{spent.wall:.1f} s")
    return done.returncode, spent


def cpu_seconds() -> float:
    """The processor time of all processes that this one has waited for."""
    times = os.times()
    return times.children_user + times.children_system


def matrix_ends(results: Mapping[str, Any]) -> dict[str, End]:
    return {cell["id"]: (cell["outcome"], cell["stage"] or "") for cell in results["cells"]}


def plain_ends(journal: Path) -> dict[str, End]:
    steps: dict[str, list[str]] = {}
    for entry in read_journal(str(journal)):
        steps.setdefault(entry["id"], []).append(entry["stage"])
    ends = {}
    for cell, stages in steps.items():
        outcome = "passed" if "passed" in stages else "failed" if "end" in stages else "crashed"
        ends[cell] = outcome, [stage for stage in stages if stage not in ("passed", "end")][-1]
    return ends


def disagreements(first: Mapping[str, End], second: Mapping[str, End]) -> list[str]:
    """Cells that passed in only one of the two, or that ended at different stages."""
    found = []
    for cell in sorted({**first, **second}):
        a, b = (ends.get(cell, ("not run", "")) for ends in (first, second))
        if (a[0] == "passed", a[1]) != (b[0] == "passed", b[1]):
            found.append(f"{cell}: {' at '.join(filter(None, a))}, {' at '.join(filter(None, b))}")
    return found


def count(ends: Mapping[str, End]) -> dict[str, int]:
    return dict(sorted(collections.Counter(outcome for outcome, _ in ends.values()).items()))


def show(report: Mapping[str, Any]) -> None:
    print(f"\n{report['planned']} cells planned ({' | '.join(report['selected'])})")
    print(f"  {'':6}{'wall':>9}   {'processor':>9}")
    for name, outcomes in report["outcomes"].items():
        ended = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
        wall, cpu = report["seconds"][name], report["cpu_seconds"][name]
        print(f"  {name:6}{wall:9.1f} s {cpu:9.1f} s   {ended}")
    print(f"plain / cold: {report['plain_over_cold']}   cold / warm: {report['cold_over_warm']}")
    # If it is fewer than planned, the package, the model or its packages changed in between.
    print(f"from the cache when warm: {report['warm_from_cache']} of {report['planned']}")
    if report["plain_processes"] > 1:
        print(f"the plain tests crashed: {report['plain_processes']} processes to the end")
    for key, words in (
        ("disagreements", "ended otherwise (matrix, plain)"),
        ("changed_when_warm", "ended otherwise (cold, warm)"),
    ):
        print(f"{len(report[key])} cells {words}")
        for line in report[key]:
            print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
