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
#: Modules in these folders can run inside a worker, on the oldest Python of an environment.
WORKER_SIDE = (
    *("vocabulary", "compare", "samples", "exporters", "preparations", "runtimes", "worker"),
    "addons",
)
#: A module with such an import needs torch: only a worker imports it.
OF_TORCH = re.compile(r"^(?:import|from) (?:torch|torchvision|detectron2|caffe2)\b", re.MULTILINE)
FILES = [
    PACKAGE / "__init__.py",
    *(p for name in WORKER_SIDE for p in (PACKAGE / name).rglob("*.py")),
]


def is_of_torch(path: Path) -> bool:
    """Whether a module that may import torch does so, itself or through another such module."""
    if not {"addons", "preparations"} & set(path.parts):
        return False
    text = path.read_text("utf-8")
    if OF_TORCH.search(text):
        return True
    others = re.findall(
        r"^from pytest_export_matrix\.((?:addons|preparations)\.\w+\.\w+) import",
        text,
        re.MULTILINE,
    )
    return any(
        is_of_torch(PACKAGE.joinpath(*name.split(".")).with_suffix(".py")) for name in others
    )


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imported(tree: ast.Module) -> set[str]:
    """The top-level packages that a module imports when it is imported."""
    found = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    found += [n.name for node in tree.body if isinstance(node, ast.Import) for n in node.names]
    return {name.partition(".")[0] for name in found}


def test_importing_everything_imports_no_library_of_a_worker() -> None:
    modules = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("__init__.py", "main.py", "sphinx_extension.py")
        and not is_of_torch(path)
    ]
    code = f"import sys\nfor name in {modules!r}: __import__(name)\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(loaded.stdout.split())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_modules_of_the_worker_side_parse_on_the_oldest_python(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=OLDEST_PYTHON)


@pytest.mark.parametrize("path", [path for path in FILES if not is_of_torch(path)], ids=named)
def test_modules_of_the_worker_side_import_libraries_only_inside_functions(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert imported(tree) <= {*sys.stdlib_module_names, "pytest_export_matrix"}


def test_a_worker_imports_neither_planning_nor_reporting() -> None:
    code = "import sys, pytest_export_matrix; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    ours = {name for name in loaded.stdout.split() if name.startswith("pytest_export_matrix.")}
    assert {name.split(".")[1] for name in ours} <= {*WORKER_SIDE}
