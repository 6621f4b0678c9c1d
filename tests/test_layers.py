"""What may be imported where."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_export_matrix.vocabulary import package
from pytest_export_matrix.vocabulary.package import OLDEST_PYTHON

PACKAGE = Path(package.PACKAGE)
HEAVY = {"numpy", "onnx", "onnxruntime", "onnxscript", "safetensors", "torch", "torchvision"}
#: Whatever lies in these folders can run inside a worker, on the oldest Python of an environment.
WORKER_SIDE = ("vocabulary", "compare", "samples", "exporters", "runtimes", "worker", "addons")
#: Of them, what only a worker imports: these are modules of torch through and through.
OF_TORCH = [
    path
    for path in PACKAGE.glob("addons/*/*.py")
    if re.search(
        r"^(import|from) (torch|torchvision|detectron2|caffe2)\b",
        path.read_text("utf-8"),
        re.MULTILINE,
    )
]
FILES = [
    PACKAGE / "__init__.py",
    *(p for name in WORKER_SIDE for p in (PACKAGE / name).rglob("*.py")),
]


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imported(tree: ast.Module) -> set[str]:
    """The top packages that a module imports when it is imported itself."""
    found = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    found += [n.name for node in tree.body if isinstance(node, ast.Import) for n in node.names]
    return {name.partition(".")[0] for name in found}


def test_importing_everything_imports_no_library_of_a_worker() -> None:
    modules = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("__init__.py", "main.py", "sphinx_extension.py")
        and path not in OF_TORCH
    ]
    code = f"import sys\nfor name in {modules!r}: __import__(name)\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(loaded.stdout.split())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_worker_side_keeps_to_the_oldest_python(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=OLDEST_PYTHON)


@pytest.mark.parametrize("path", [path for path in FILES if path not in OF_TORCH], ids=named)
def test_the_worker_side_imports_libraries_inside_of_functions(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert imported(tree) <= {*sys.stdlib_module_names, "pytest_export_matrix"}


def test_a_worker_imports_the_package_without_what_plans_and_reports() -> None:
    code = "import sys, pytest_export_matrix; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    ours = {name for name in loaded.stdout.split() if name.startswith("pytest_export_matrix.")}
    assert {name.split(".")[1] for name in ours} <= {*WORKER_SIDE}
