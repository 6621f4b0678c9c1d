"""A project with the cast in it, and what a run of pytest there came to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence

CAST = Path(__file__).with_name("cast")
AXES = ("architecture", "method", "format", "runtime", "device", "resolution", "batch")
MATRIX = "--export-matrix"


def cell(
    architecture: str = "classifier",
    method: str = "tracing",
    format: str = "torchscript",
    runtime: str = "answers_rightly",
    device: str = "cpu",
    resolution: str = "fixed",
    batch: str = "1",
) -> str:
    """The id of a cell. The default of each axis passes."""
    return "-".join((architecture, method, format, runtime, device, resolution, batch))


def selection(cells: Sequence[str]) -> List[str]:
    """The options that pick `cells`."""
    options: List[str] = []
    for each in cells:
        expression = ",".join(f"{axis}={value}" for axis, value in zip(AXES, each.split("-")))
        options += ["--export-matrix-select", expression]
    return options


@dataclass
class Run:
    """What one run left: exit code, terminal output, results file."""

    code: int
    output: str
    reports: Path

    @property
    def results(self) -> Dict[str, Any]:
        results: Dict[str, Any] = json.loads((self.reports / "results.json").read_text("utf-8"))
        return results

    @property
    def rows(self) -> Dict[str, Dict[str, Any]]:
        return {row["id"]: row for row in self.results["cells"]}

    @property
    def outcomes(self) -> Dict[str, str]:
        return {name: row["outcome"] for name, row in self.rows.items()}


CONFTEST = """
import registration

def pytest_export_matrix_register(registry):
    registration.register(registry, {!r})
"""


class Project:
    """A project with `architectures` of the cast (without any: all) and with its own cache.

    Its runs share the cache.
    """

    def __init__(self, root: Path, *architectures: str) -> None:
        self.root, self.cache = root, root.parent / "cache"
        shutil.copytree(CAST, root, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "conftest.py").write_text(CONFTEST.format(architectures), encoding="utf-8")
        (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")

    def command(self, *arguments: str, reports: str = "") -> List[str]:
        """`reports` is the folder for reports; if it is empty, the option is left out."""
        options = [f"--export-matrix-cache={self.cache}"]
        options += [f"--export-matrix-reports={reports}"] if reports else []
        return [sys.executable, "-m", "pytest", MATRIX, *options, *arguments]

    def run(self, *arguments: str, cells: Sequence[str] = (), reports: str = "out") -> Run:
        """Run pytest with the matrix in this project, in a process of its own."""
        command = self.command(*selection(cells), *arguments, reports=reports)
        return self.run_command(command, reports or "reports")

    def run_command(self, command: Sequence[str], reports: str) -> Run:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout, self.root / reports)

    def exports(self) -> List[str]:
        """The log of the exporter `counts`: one line for each file that it wrote."""
        log = self.root / "exports.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def environment() -> Dict[str, str]:
    """The variables of this process, without those that pytest and tox set.

    With TOX_ENV_DIR all projects would share one cache of pytest and its list of last failures.
    """
    own = ("PYTEST_", "COV_CORE_", "TOX_")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}
