"""What may be imported where."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_export_matrix

PACKAGE = Path(pytest_export_matrix.__file__).parent
HEAVY = {"numpy", "onnx", "onnxruntime", "onnxscript", "safetensors", "torch", "torchvision"}
#: What a worker imports of this package; it has to run on the oldest Python of an environment.
WORKER_SIDE = [
    *(
        "__init__.py",
        "cells.py",
        "entries.py",
        "errors.py",
        "outcomes.py",
        "registry.py",
        "samples.py",
        "trees.py",
    ),
    *("compare", "exporters", "runtimes", "torchvision_models.py"),
    *(f"worker/{name}.py" for name in ("__init__", "main", "protocol", "task", "model", "weights")),
    *(f"worker/{name}.py" for name in ("dependencies", "cases", "agree", "prepare")),
    *(f"worker/{name}.py" for name in ("export", "infer", "probe")),
    *("caffe2/__init__.py", "caffe2/rename.py"),
]
#: Modules of torch through and through, which only environments of their own import.
LIGHT = ("__init__.py", "rename.py", "entries.py", "folder.py", "published.py")
OF_TORCH = sorted(
    path
    for folder in ("caffe2", "detectron2")
    for path in (PACKAGE / folder).glob("*.py")
    if path.name not in LIGHT
)


def files(names: list[str]) -> list[Path]:
    found = [PACKAGE / name for name in names]
    return [file for path in found for file in (path.rglob("*.py") if path.is_dir() else [path])]


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


@pytest.mark.parametrize(
    "path", files(WORKER_SIDE), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_worker_side_keeps_to_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [n.name for n in node.names]
        )
    }
    assert imported <= {*sys.stdlib_module_names, "pytest_export_matrix"}


@pytest.mark.parametrize("path", OF_TORCH, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_of_torch_keeps_to_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
