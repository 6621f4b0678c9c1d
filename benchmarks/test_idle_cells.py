"""What a cell costs for which nothing has to be done: it is one of a GPU, and there is none.

    python -m pytest benchmarks/test_idle_cells.py

A whole run in a process of its own, without other plugins: planning, the result of each cell, the
terminal, the results file and the tables. The same number of parametrized tests that skip is shown
beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import idle_project
import pytest

#: A test runs this small, to see that it works.
CELLS = int(os.environ.get("IDLE_CELLS", "10000"))
SKIPPED = """
import pytest

@pytest.mark.parametrize("cell", range({cells}))
def test_cell(cell):
    pytest.skip("no GPU")
"""


class Run:
    """A run of pytest in `folder`, and what the latest one took."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        (folder / "pytest.ini").write_text("[pytest]\n")
        self.megabytes, self.seconds, self.output = 0.0, 0.0, ""

    def __call__(self) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        since = time.perf_counter()
        with (self._folder / "output").open("w+b") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *self._options],
                cwd=self._folder,
                env=environment,
                stdout=output,
                stderr=output,
            )
            # Only this tells the memory of one child.
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.perf_counter() - since
        self.megabytes = used.ru_maxrss / 2**10
        self.output = (self._folder / "output").read_text()


def test_cells_for_which_nothing_has_to_be_done(
    tmp_path: Path, benchmark: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("matrix", "plain"):
        (tmp_path / folder).mkdir()
    cells = idle_project.write(tmp_path / "matrix", CELLS)
    (tmp_path / "plain" / "test_plain.py").write_text(SKIPPED.format(cells=cells))
    matrix = Run(
        tmp_path / "matrix",
        *("-p", "pytest_export_matrix.plugin", "--export-matrix"),
        *("--export-matrix-devices", "cuda", "--export-matrix-reports=reports"),
        f"--export-matrix-cache={tmp_path / 'cache'}",
    )
    plain = Run(tmp_path / "plain")
    benchmark.pedantic(matrix, setup=plain, rounds=3, warmup_rounds=1)

    results = tmp_path / "matrix" / "reports" / "results.json"
    assert results.exists(), matrix.output[-2000:]
    if json.loads(results.read_text())["counts"]["unavailable"] != cells:
        pytest.skip("this machine has a GPU")
    assert f"{cells} skipped" in plain.output
    benchmark.extra_info.update(cells=cells, plain=plain.seconds, megabytes=matrix.megabytes)
    with capsys.disabled():
        for name, run in (("idle cells", matrix), ("skipped tests", plain)):
            each = 1000 * run.seconds / cells
            line = f"{run.seconds:.2f} s, {each:.2f} ms each, {run.megabytes:.0f} MiB"
            print(f"\n{cells} {name}: {line}", end="")  # noqa: T201 - it is what the run is for
