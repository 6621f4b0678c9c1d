"""docs/how-it-works.md agrees with the package, and the additions that it describes work."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List

import pytest

from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.cells import NODE_PREFIX, Cell
from pytest_export_matrix.vocabulary.outcomes import STAGES
from pytest_export_matrix.vocabulary.package import NAME, PACKAGE

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs" / "how-it-works.md").read_text("utf-8")
ARCHITECTURE, OUTPUT_KIND = "an architecture", "an output kind"

#: The file of each row, as short as its caller allows.
FILES = {
    "a runtime": """
class Session:
    def __init__(self, path, device, threads):
        pass

    def run(self, arguments):
        return arguments
""",
    "an export method": """
from pytest_export_matrix.exporters.context import FLAT


def capture(context):
    return context.model


def save(captured, path, context):
    open(path, "w").close()
    return FLAT
""",
    ARCHITECTURE: """
def unet():
    import torch

    return torch.nn.Identity()
""",
    "a report": """
def render(results):
    return f"{results.planned} cells were planned"
""",
    OUTPUT_KIND: """
def compare(reference, actual, options):
    return {"outputs": {}, "problems": [], "deviating": []}
""",
}
CONFTEST = """
import os

import pytest_export_matrix
from pytest_export_matrix import Architecture

copy = os.path.join(os.environ["PYTHONPATH"], "pytest_export_matrix", "__init__.py")
assert pytest_export_matrix.__file__ == copy, pytest_export_matrix.__file__


def pytest_export_matrix_register(registry):
    registry.add(Architecture("mine", build="models:mine"))
"""


@dataclass(frozen=True)
class Row:
    """A row of the table of additions: a new file, and a line in a table of another file."""

    file: str
    line: str
    table: str
    of: str


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def table(heading: str) -> List[List[str]]:
    """The rows of the table in a section; each row is a list of the texts of its columns."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[text.strip() for text in line.strip("|").split("|")] for line in lines[2:]]


def quoted(text: str) -> List[str]:
    return re.findall(r"`([^`\n]+)`", text)


ROWS: Dict[str, Row] = {
    kind: Row(*quoted(" ".join(columns))) for kind, *columns in table("To add something")
}


def layers() -> List[str]:
    contracts = configparser.ConfigParser()
    contracts.read(REPOSITORY / ".importlinter", "utf-8")
    return contracts["importlinter:contract:layers"]["layers"].strip().splitlines()


def test_the_page_draws_the_layers_that_are_checked() -> None:
    (block,) = re.findall(r"```text\n(.*?)\n```", section("The layers"), re.DOTALL)
    assert block.splitlines() == layers()


def test_the_page_names_every_folder_of_the_package() -> None:
    folders = {path.parent.name for path in Path(PACKAGE).glob("*/__init__.py")}
    named = {text.partition("/")[0] for text in quoted(section("The way of a cell")) if "/" in text}
    assert folders and not folders - named


def test_the_guide_for_contributors_names_every_folder_and_every_tox_environment() -> None:
    guide = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    first = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| `")]
    named = set(quoted(" ".join(first)))
    folders = {f"{path.parent.name}/" for path in Path(PACKAGE).glob("*/__init__.py")}
    assert folders and not folders - named

    tox = configparser.RawConfigParser()
    tox.read(REPOSITORY / "tox.ini", "utf-8")
    environments = {name[len("testenv:") :] for name in tox.sections() if ":" in name}
    assert environments and not environments - named


def test_every_path_that_the_page_names_exists() -> None:
    to_write = {row.file for row in ROWS.values()}
    paths = [text for text in quoted(PAGE) if re.fullmatch(r"[\w/]+(/|/\w+\.py)", text)]
    missing = [
        path
        for path in paths
        if path not in to_write
        and not any((root / path).exists() for root in (REPOSITORY, Path(PACKAGE)))
    ]
    assert paths and not missing


def test_the_example_cell_of_the_page_uses_built_in_entries() -> None:
    (id,) = re.findall(r"^    (\S+)$", PAGE, re.MULTILINE)
    cell = Cell.of(id)
    assert (cell.method, cell.format) in {(each.method, each.format) for each in EXPORTERS}
    assert cell.format in {each.name: each for each in RUNTIMES}[cell.runtime].formats


def test_the_page_says_what_to_open_for_every_stage_in_order() -> None:
    rows = table("Where a cell failed")
    assert [stage.strip("`") for stage, *_ in rows] == STAGES
    assert all(quoted(where) for *_, where in rows)


def test_the_tests_add_a_file_for_every_row_of_the_table_of_additions() -> None:
    assert ROWS.keys() == FILES.keys()


class Project:
    """A project, and a copy of the package that it runs."""

    def __init__(self, folder: Path) -> None:
        self.above, self.folder = folder / "copy", folder / "project"
        self.package = self.above / NAME
        shutil.copytree(PACKAGE, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        self.folder.mkdir()
        (self.folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
        (self.folder / "conftest.py").write_text(CONFTEST, "utf-8")

    def add(self, kind: str) -> None:
        """Do what the page says: add one file and one line."""
        row = ROWS[kind]
        root = self.folder if kind == ARCHITECTURE else self.package
        assert not (root / row.file).exists()
        (root / row.file).write_text(FILES[kind], "utf-8")
        text = (root / row.of).read_text("utf-8")
        opening = re.compile(rf"^(?:def )?{row.table}(?: = \(|\(registry\):)", re.MULTILINE)
        (begin,) = opening.finditer(text)
        inserted = f"{text[: begin.end()]}\n    {row.line}\n    {text[begin.end() :].lstrip()}"
        (root / row.of).write_text(inserted, "utf-8")

    def python(self, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self.above), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def cells(self) -> List[Cell]:
        """The cells that pytest lists."""
        listed = self.python(
            "-m", "pytest", "--export-matrix", "--collect-only", "-q", "-p", "no:cacheprovider"
        )
        lines = [line for line in listed.splitlines() if line.startswith(NODE_PREFIX)]
        return [Cell.of(line[len(NODE_PREFIX) :]) for line in lines]

    def resolves(self, reference: str) -> None:
        """Assert that `reference` names something in the copy, as a worker would look it up."""
        code = (
            "import sys; from pytest_export_matrix.vocabulary.references import resolve; "
            "resolve(sys.argv[1]); print(sys.modules['pytest_export_matrix'].__file__)"
        )
        assert self.python("-c", code, reference).strip() == str(self.package / "__init__.py")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path.resolve())


def test_adding_a_runtime_takes_one_file_and_one_line(project: Project) -> None:
    before = set(project.cells())
    project.add("a runtime")
    new = set(project.cells()) - before
    assert {(each.method, each.format, each.runtime) for each in new} == {
        (exporter.method, "onnx", "echo") for exporter in EXPORTERS if exporter.format == "onnx"
    }
    project.resolves(f"{NAME}.runtimes.echo:Session")


def test_adding_an_export_method_takes_one_file_and_one_line(project: Project) -> None:
    before = set(project.cells())
    project.add("an export method")
    new = set(project.cells()) - before
    assert {(each.method, each.format, each.runtime) for each in new} == {
        ("sketch", "onnx", "onnxruntime")
    }
    project.resolves(f"{NAME}.exporters.sketch:capture")
    project.resolves(f"{NAME}.exporters.sketch:save")


def test_adding_an_architecture_takes_one_file_and_one_line(project: Project) -> None:
    before = project.cells()
    project.add(ARCHITECTURE)
    after = project.cells()
    assert {each.architecture for each in before} == {"mine"}
    assert {each.architecture for each in after} == {"mine", "unet"}
    assert len(after) == 2 * len(before)
    project.resolves("models:unet")


def test_adding_a_report_takes_one_file_and_one_line(project: Project) -> None:
    project.add("a report")
    assert project.cells()
    code = """
from pathlib import Path
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.reporting.publish import write_all
from pytest_export_matrix.reporting.reporters import REPORTERS
from pytest_export_matrix.results.results import Results

registry = Registry()
for reporter in REPORTERS:
    registry.add(reporter)
brief = [reporter for reporter in registry.reporters if reporter.name == "brief"]
write_all(Path("reports"), Results(planned=0, cells=[]), brief)
"""
    project.python("-c", code)
    written = (project.folder / "reports" / "brief.txt").read_text("utf-8")
    assert written.strip() == "0 cells were planned"


def test_adding_an_output_kind_takes_one_file_and_one_line(project: Project) -> None:
    project.add(OUTPUT_KIND)
    conftest = project.folder / "conftest.py"
    mine = conftest.read_text("utf-8").replace('"models:mine"', '"models:mine", outputs="ranks"')
    conftest.write_text(mine, "utf-8")
    assert {each.architecture for each in project.cells()} == {"mine"}
    project.resolves(f"{NAME}.compare.ranks:compare")
