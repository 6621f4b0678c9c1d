"""The pytest plugin: options and the hooks that decide whether there is a matrix to run.

pytest loads this in every run of every project that has the package installed. So this imports the
rest of the package only if a matrix is asked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Generator, List, Tuple

import pytest

from pytest_export_matrix.vocabulary.cells import NODE_PREFIX

if TYPE_CHECKING:
    from pytest_export_matrix.pytest_run.checking import Checker

#: name, help; each is --export-matrix-NAME and the ini value export_matrix_NAME.
VALUES = (
    ("profile", "which keywords the architectures are built with (default: slim)"),
    ("reports", "folder of the reports (default: reports, written by whole runs alone)"),
    ("workers", "tasks at once (default: by cores and memory)"),
    ("executor", "where steps are carried out: local (default), ray or ray:HOST:PORT"),
    ("timeout", "seconds that one stage may take (default: 900)"),
    ("memory", "GiB that one task may hold (default: a share of this machine's)"),
    ("repro", "folder: for each cell that did not pass, what shows it without pytest"),
    ("cache", "folder or URL of exported files and answers (default: the user's cache folder)"),
    ("baseline", "file of accepted outcomes: gate against it"),
    ("sees", "percent of a model's tensors that its inputs have to see (default: not looked)"),
    ("inputs", "module:function that makes the arguments of the models named on the command line"),
    ("shard", "PART/PARTS, for instance 2/5: these cells alone, split by exported file"),
)
LISTS = (
    ("select", "axis=glob,axis=glob", "only these cells; may be repeated"),
    ("require", "axis=glob,axis=glob", "these cells must be available here; may be repeated"),
    ("docs", "FILE", "rewrite the marked tables of this document; may be repeated"),
    ("size", "HxW", "of these models: the first is exported, the others run; may be repeated"),
    ("devices", "NAME", "plan these devices (default: those of this machine); may be repeated"),
    ("model", "NAME", "a model without any code: torchvision:NAME or package.module:factory"),
)

FLAGS = (
    ("foreign", "plan pairs of exporter and runtime as well that nobody claims to work"),
    ("no-cache", "forget what earlier runs made"),
    ("update", "accept today's outcomes: write them into the baseline"),
    ("docs-check", "fail where a document is stale instead of rewriting it"),
)
#: Help of the option that runs a matrix, and of the only ini value without an option.
MATRIX = "run the export matrix of this project"
ENVIRONMENTS = (
    "environments of exporters and runtimes, one a line: NAME: python=3.11 REQUIREMENT ..."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("export-matrix", "exports of PyTorch models, carried out and compared")
    group.addoption("--export-matrix", action="store_true", help=MATRIX)
    for name, metavar, text in LISTS:
        group.addoption(
            f"--export-matrix-{name}", action="append", default=[], metavar=metavar, help=text
        )
        parser.addini(f"export_matrix_{name}", text, type="linelist")
    parser.addini("export_matrix_environments", ENVIRONMENTS, type="linelist")
    for name, text in VALUES:
        group.addoption(f"--export-matrix-{name}", metavar=name.upper(), help=text)
        parser.addini(f"export_matrix_{name}", text, type="string")
    for name, text in FLAGS:
        group.addoption(f"--export-matrix-{name}", action="store_true", help=text)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_export_matrix.pytest_run import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Load the conftest files of `testpaths`, whatever paths are given: so the matrix of a project
    is the same in every run."""
    known = early_config.known_args_namespace
    paths, cells = split_cells(known.file_or_dir)
    if known.export_matrix or cells:
        from pytest_export_matrix.pytest_run import rootdir

        names = [name for name, *_ in (*VALUES, *LISTS)]
        rootdir.check(early_config, [f"--export-matrix-{name}" for name in names])
        tested = [str(early_config.rootpath / path) for path in early_config.getini("testpaths")]
        known.file_or_dir = paths + tested if paths or tested else []
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "export_matrix(**axes): a cell of the export matrix")
    paths, cells = split_cells(config.args)
    if not (config.getoption("export_matrix") or cells):
        return
    asked = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args[:] = paths if asked else []
    from pytest_export_matrix.pytest_run.hooks import MatrixPlugin

    config.pluginmanager.register(MatrixPlugin(config, cells), "export-matrix-run")


def split_cells(arguments: List[str]) -> Tuple[List[str], List[str]]:
    """Paths, and ids of cells, among the arguments of pytest. Where the project is in another
    folder (-c), pytest's summary has that folder before the node id of a cell."""
    paths, cells = [], []
    for argument in arguments:
        folder, found, cell = argument.partition(NODE_PREFIX)
        if found and (not folder or folder.endswith(("/", os.sep))):
            cells.append(cell)
        else:
            paths.append(argument)
    return paths, cells


@pytest.fixture(scope="session")
def export_matrix(pytestconfig: pytest.Config) -> "Checker":
    """Checks models in a test: `export_matrix.check("my_models:build").passed()`."""
    from pytest_export_matrix.pytest_run import checking

    return checking.of_session(pytestconfig)
