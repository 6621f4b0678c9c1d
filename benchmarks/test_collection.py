"""What collecting ten thousand cells costs, against as many parametrized tests.

    python -m pytest benchmarks/test_collection.py

Both are `pytest --collect-only -q` in processes of their own. Neither loads plugins that happen to
be installed, and both keep bytecode beside the scratch project: neither pays for anything else.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import idle_project
import pytest

#: A test runs this small, to see that it works.
CELLS_AT_LEAST = int(os.environ.get("COLLECTION_CELLS", "10000"))
PAIRS = int(os.environ.get("COLLECTION_PAIRS", "7"))
#: Libraries that a process does not need if it only plans.
HEAVY = {"torch", "torchvision", "onnx", "onnxruntime", "onnxscript", "numpy"}

PLAIN = """
import pytest

@pytest.mark.parametrize("cell", [f"cell_{{i}}" for i in range({cells})])
def test_cell(cell):
    pass
"""
PLUGIN = ("-p", "pytest_export_matrix.plugin", "--export-matrix", "--export-matrix-devices", "cpu")


class Collection:
    """Two scratch projects of equal size: one of cells, one of parametrized tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for project in ("matrix", "plain"):
            (folder / project).mkdir()
            (folder / project / "pytest.ini").write_text("[pytest]\n")
        self.cells = idle_project.write(folder / "matrix", CELLS_AT_LEAST)
        (folder / "plain" / "test_plain.py").write_text(PLAIN.format(cells=self.cells))

    def matrix(self, *flags: str) -> str:
        """Collect the cells. Returns what `python FLAGS` wrote to standard error."""
        return self._collect("matrix", flags, PLUGIN)

    def plain(self) -> None:
        self._collect("plain", (), ())

    def _collect(self, project: str, flags: tuple[str, ...], options: tuple[str, ...]) -> str:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        environment["PYTHONPYCACHEPREFIX"] = str(self.folder / "bytecode")
        quiet = ("-p", "no:cacheprovider", "--collect-only", "-q")
        done = subprocess.run(
            [sys.executable, *flags, "-m", "pytest", *options, *quiet],
            cwd=self.folder / project,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert f"{self.cells} tests collected" in done.stdout, done.stdout[-2000:] + done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Collection(tmp_path_factory.mktemp("collection"))


@pytest.fixture
def say(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], None]:
    """Writes a line to the terminal, whatever is captured."""
    reporter: Any = request.config.pluginmanager.get_plugin("terminalreporter")

    def write(text: str) -> None:
        with capsys.disabled():
            reporter.ensure_newline()
            reporter.write_line(text)

    return write


def seconds(function: Callable[[], object]) -> float:
    since = time.perf_counter()
    function()
    return time.perf_counter() - since


def test_cells_against_parametrized_tests(
    collection: Collection, benchmark: Any, say: Callable[[str], None]
) -> None:
    """The benchmark's table measures the cells. Each round is paired with a plain collection."""
    plain: list[float] = []
    benchmark.pedantic(
        collection.matrix,
        setup=lambda: plain.append(seconds(collection.plain)),
        rounds=PAIRS,
        warmup_rounds=1,
    )
    del plain[0]  # the warm-up, which wrote the bytecode of both
    cells: list[float] = benchmark.stats.stats.data
    ratios = [a / b for a, b in zip(cells, plain, strict=True)]
    ratio = statistics.median(ratios)
    benchmark.extra_info.update(cells=collection.cells, plain=plain, ratio=ratio)
    say(f"{collection.cells} cells: {statistics.median(cells):.2f} s")
    say(f"{collection.cells} parametrized tests: {statistics.median(plain):.2f} s")
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    say(f"cells / tests: {ratio:.2f} (median of {PAIRS} pairs, {spread})")


def test_collecting_imports_no_framework(
    collection: Collection, say: Callable[[str], None]
) -> None:
    report = collection.matrix("-X", "importtime")
    modules = re.findall(r"^import time:[\d\s]+\|[\d\s]+\| +(\S+)$", report, re.MULTILINE)
    found = sorted(HEAVY & {name.partition(".")[0] for name in modules})
    say(f"{len(modules)} modules imported; none of {', '.join(sorted(HEAVY - set(found)))}")
    assert "pytest_export_matrix.planning.matrix" in modules
    assert found == []
