"""The command `export-matrix`: work on results files and environments, without torch and pytest.

Exit codes: 0 all is well; 1 it is not (a gate fails, something broke, shards are missing); 4 the
input cannot be used; 130 interrupted.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from pytest_export_matrix.environments import manage
from pytest_export_matrix.execution.store import default_root
from pytest_export_matrix.judging import gate
from pytest_export_matrix.judging.baseline import Baseline
from pytest_export_matrix.judging.diff import diff
from pytest_export_matrix.judging.gate import Gate
from pytest_export_matrix.judging.verdict import Verdict
from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.planning.matrix import DEFAULT_PROFILE
from pytest_export_matrix.planning.selection import select
from pytest_export_matrix.reporting import (
    change_formats,
    documents,
    github,
    table_formats,
    terminal,
)
from pytest_export_matrix.reporting.captions import tally
from pytest_export_matrix.reporting.document_tables import DEFAULT_TABLE, TABLES, build, parse
from pytest_export_matrix.reporting.printable import printable
from pytest_export_matrix.reporting.publish import FAILED, OK, USAGE_ERROR, write_all
from pytest_export_matrix.reporting.reporters import REPORTERS
from pytest_export_matrix.results.combine import combine
from pytest_export_matrix.results.file import FILENAME, load, pieces
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.runtimes import libtorch
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import ExportMatrixError, UsageError
from pytest_export_matrix.vocabulary.outcomes import Failure

COLOURS = {"red": "\x1b[31m", "yellow": "\x1b[33m"}
RESET = "\x1b[0m"
RUNNERS = {"libtorch": libtorch.TORCHSCRIPT, "aot_inductor": libtorch.AOT_INDUCTOR}
INSTALL = "apt-get install cmake make g++"
INTERRUPTED = 130


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command. Returns the exit code."""
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal need not know ✅
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ExportMatrixError as error:
        print(f"ERROR: {error}", file=sys.stderr)
    except BrokenPipeError:  # whoever read this, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"ERROR: {error.filename}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return USAGE_ERROR


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="export-matrix",
        description="Work on the results files and environments of pytest --export-matrix.",
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[[argparse.Namespace], int], among: Any = commands
    ) -> argparse.ArgumentParser:
        text = (run.__doc__ or "").strip()
        found: argparse.ArgumentParser = among.add_parser(
            name, help=text.splitlines()[0], description=text
        )
        found.set_defaults(command=run)
        return found

    command = add("combine", combine_files)
    command.add_argument("files", nargs="+", type=Path, metavar="RESULTS")
    command.add_argument("-o", "--output", type=Path, default=Path(FILENAME), metavar="FILE")

    command = add("diff", diff_files)
    command.add_argument("old", type=Path)
    command.add_argument("new", type=Path)
    command.add_argument("--format", choices=list(change_formats.FORMATS), default="terminal")

    command = add("gate", gate_file)
    command.add_argument("results", type=Path)
    command.add_argument("--baseline", type=Path, required=True, metavar="FILE")
    command.add_argument("--update", action="store_true", help="accept these outcomes")
    command.add_argument("--require", action="append", default=[], metavar="axis=glob,...")

    command = add("docs", docs_files)
    command.add_argument("documents", nargs="+", type=Path, metavar="DOCUMENT")
    command.add_argument("results", type=Path, metavar="RESULTS")
    command.add_argument("--check", action="store_true", help="only say whether they are stale")

    command = add("report", report_file)
    command.add_argument("results", type=Path)
    command.add_argument("--reports", type=Path, metavar="DIR", help="write every report there")
    against = command.add_mutually_exclusive_group()
    against.add_argument("--against", type=Path, metavar="OLD", help="show what changed since")
    against.add_argument("--baseline", type=Path, metavar="FILE", help="show what is not accepted")

    command = add("environments", list_environments)
    command.add_argument("--list", action="store_true", help="the default")
    command.add_argument("--cache", type=Path, default=default_root(), metavar="DIR")
    within = command.add_subparsers(metavar="build | remove")
    command = add("build", build_environments, within)
    command.add_argument("names", nargs="+", metavar="NAME")
    command.add_argument("--upgrade", action="store_true", help="anew, in the versions of today")
    command.add_argument("--cache", type=Path, default=argparse.SUPPRESS, metavar="DIR")
    command = add("remove", remove_environments, within)
    command.add_argument("names", nargs="*", default=[], metavar="NAME")
    command.add_argument("--all", action="store_true", help="every one of this cache")
    command.add_argument("--forget", action="store_true", help="also which versions they had")
    command.add_argument("--cache", type=Path, default=argparse.SUPPRESS, metavar="DIR")

    command = add("runner", write_runner)
    command.add_argument("name", choices=list(RUNNERS))
    command.add_argument("folder", type=Path, metavar="DIR")

    command = add("table", table_file)
    command.add_argument("results", type=Path)
    command.add_argument("--table", choices=list(TABLES), default=DEFAULT_TABLE)
    command.add_argument("--select", default="", metavar="axis=glob,...")
    command.add_argument("--format", choices=list(table_formats.FORMATS), default="md")
    return whole


def combine_files(options: argparse.Namespace) -> int:
    """Make one results file of several: of shards, or of machines.

    What is unavailable in one is taken from another. Exits with 1 where files tell differently
    about a cell (the result that did not pass is kept), or cells are still without a result.
    """
    combined = combine([(str(path), load(path)) for path in options.files])
    results = combined.results
    write_whole(options.output, pieces(results))
    print(f"{options.output}: {tally(results)}")
    for cell, kept, other in combined.conflicts:
        print(f"conflict: {cell.id}: {other} in one file, {kept} in another, which is kept")
    for shard in combined.missing:
        print(f"missing: shard {shard}")
    return OK if results.complete and not combined.conflicts else FAILED


def diff_files(options: argparse.Namespace) -> int:
    """What changed between two results files.

    Exits with 1 where something broke, got flaky or is gone.
    """
    old, new = load(options.old), load(options.new)
    found = diff(old, new, str(options.old))
    print(change_formats.FORMATS[options.format](found), end="")
    return FAILED if found.of("broke", "flaky", "gone") else OK


def gate_file(options: argparse.Namespace) -> int:
    """Hold a results file against a baseline, as pytest --export-matrix-baseline does.

    Exits with 1 where a cell is not as accepted, or has no result.
    """
    results = load(options.results)
    cells = [result.cell for result in results.cells]
    profile = results.matrix.profile if results.matrix else DEFAULT_PROFILE
    baseline = gate.load(options.baseline, profile, options.update)
    all_there = not results.matrix or len(cells) == results.matrix.cells
    is_whole = results.complete and all_there and not results.shard
    if baseline and is_whole and not options.update:
        # Cells on devices that this run did not plan have not vanished.
        devices = results.axes.get("device") or [cell.device for cell in cells]
        elsewhere = [each for each in baseline.cells if Cell.of(each).device not in devices]
        there = [*(cell.id for cell in cells), *elsewhere]
        gate.check_all_there(options.baseline, baseline, there)
    required = select(cells, options.require, "--require") if options.require else []
    ids = frozenset(cell.id for cell in required)
    command = f"export-matrix gate {options.results} --baseline {options.baseline} --update"
    held = Gate(options.baseline, baseline, profile, ids, options.update, lambda _: command)
    results.changes = held.changes(results.cells)
    verdicts = _show(results, held)
    github.report(results, verdicts, os.environ, print)
    if options.update:
        whole = [cell.id for cell in cells] if is_whole else None
        print(held.accept(results.cells, whole))
    if not is_whole:
        total = results.matrix.cells if results.matrix else results.planned
        part = f", shard {results.shard}" if results.shard else ""
        print(f"not the whole matrix: {len(cells)} of {total} cells have a result{part}")
    fails = any(verdict.fails for verdict in verdicts.values())
    return FAILED if fails or not is_whole else OK


def docs_files(options: argparse.Namespace) -> int:
    """Rewrite the tables between the markers of documents.

    With --check nothing is written: exits with 1 and the difference where one is stale.
    """
    results = load(options.results)
    if not options.check:
        for line in documents.refresh(options.documents, results, options.results):
            print(line)
        return OK
    stale = documents.differences(options.documents, results, options.results)
    if stale:
        names = " ".join(map(str, options.documents))
        print("".join(stale), f"to mend that: export-matrix docs {names} {options.results}", sep="")
    return FAILED if stale else OK


def report_file(options: argparse.Namespace) -> int:
    """Show results as the run that made them did, and write its reports anew."""
    results = load(options.results)
    profile = results.matrix.profile if results.matrix else DEFAULT_PROFILE
    baseline: Optional[Baseline] = gate.load(options.baseline, profile, False)
    shown = Gate(options.baseline, baseline, profile, frozenset(), False, _update_command)
    results.changes = shown.changes(results.cells)
    if options.against:
        results.changes = diff(load(options.against), results, str(options.against))
    _show(results, shown)
    if options.reports:
        lines, code = write_all(options.reports, results, REPORTERS)
        print("\n".join(lines))
        return code
    return OK


def table_file(options: argparse.Namespace) -> int:
    """Print one table of a results file, of all cells or of a part of them."""
    asked = f"--table {options.table} --select {options.select!r}"
    request = parse(f"table={options.table},{options.select}", asked)
    shown = build(request, load(options.results), asked)
    print(table_formats.FORMATS[options.format](shown), end="")
    return OK


def list_environments(options: argparse.Namespace) -> int:
    """List, build and remove environments.

    Known are the built-in ones, and those of projects once they were built.
    """
    print(manage.table(options.cache.expanduser().absolute()))
    return OK


def build_environments(options: argparse.Namespace) -> int:
    """Install environments now, not when a cell first needs them.

    One that was removed gets the versions that it had, unless --upgrade says otherwise.
    """
    cache = options.cache.expanduser().absolute()
    manage.build(cache, options.names, options.upgrade, partial(print, flush=True))
    return OK


def remove_environments(options: argparse.Namespace) -> int:
    """Remove what is installed. Answers that were made there stay known.

    With --forget they do not: the next build gets whatever its requirements come to then.
    """
    cache = options.cache.expanduser().absolute()
    if not options.names and not options.all:
        asked = "export-matrix environments remove"
        raise UsageError(asked, "no environment is named", remedy="name some, or say --all")
    print(manage.remove(cache, options.names, options.all, options.forget))
    return OK


def write_runner(options: argparse.Namespace) -> int:
    """Copy the C++ program of a runtime into a folder and build it there, to start from.

    It is built against the PyTorch of this Python, with CMake and a C++ compiler.
    """
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        program = libtorch.write(str(options.folder), RUNNERS[options.name])
    except Failure as failure:
        print(failure.detail, end="", file=sys.stderr)
        remedy = f"it takes CMake, make and a C++ compiler: {INSTALL}"
        raise UsageError("export-matrix runner", str(failure), remedy=remedy) from None
    except ImportError as error:
        raise UsageError("export-matrix runner", str(error), remedy="pip install torch") from None
    print(f"{program} MODEL cpu THREADS [LIBRARY ...]")
    return OK


def _update_command(_: Cell) -> str:
    return "pytest --export-matrix --export-matrix-update"


def _show(results: Results, held: Gate) -> Dict[str, Verdict]:
    """Print what a run prints at its end. Returns the verdicts on its cells."""
    verdicts = held.verdicts(results.cells)
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = shutil.get_terminal_size().columns
    for colour, text in terminal.lines(results, verdicts, {}, width=width):
        line = printable(text)
        print(f"{COLOURS[colour]}{line}{RESET}" if coloured and colour else line)
    return verdicts


if __name__ == "__main__":
    sys.exit(main())
