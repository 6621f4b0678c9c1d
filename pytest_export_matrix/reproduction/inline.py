"""Copy modules of this package into one file that needs no other, for folders that go elsewhere."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, List

from pytest_export_matrix.vocabulary.package import NAME, PACKAGE


class NotInlined(Exception):
    """A module that imports this package in a way that one file cannot replace."""


def is_own(reference: str) -> bool:
    """Whether "module:attribute" lies in this package."""
    return reference.partition(":")[0].split(".")[0] == NAME


def inline(*modules: str) -> str:
    """The source of `modules`, after the source of all that they import from this package.

    Raises NotInlined for an import under another name, or of a whole module.
    """
    found: Dict[str, str] = {}
    for module in modules:
        _add(module, found)
    notice = f'"""Parts of {NAME}, as they were when this folder was written."""\n'
    future = "\nfrom __future__ import annotations\n"
    return notice + future + "".join(f"\n{text.strip()}\n" for text in found.values())


def _add(module: str, found: Dict[str, str]) -> None:
    if module in found:
        return
    path = Path(PACKAGE).joinpath(*module.split(".")[1:]).with_suffix(".py")
    if not path.is_file():
        raise NotInlined(f"{module} is no single file")
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import) and any(is_own(alias.name) for alias in node.names):
            raise NotInlined(f"{module} imports a whole module of {NAME}")
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            _blank(lines, node)
        elif isinstance(node, ast.ImportFrom) and node.module and is_own(node.module):
            if node.module == NAME or any(alias.asname for alias in node.names):
                raise NotInlined(f"{module} imports names of {NAME} under other ones")
            _add(node.module, found)
            _blank(lines, node)
    found[module] = "".join(lines)


def _blank(lines: List[str], node: ast.stmt) -> None:
    """Take a statement out. In a block, `pass` replaces it, so that the block is not empty."""
    for number in range(node.lineno - 1, node.end_lineno or node.lineno):
        lines[number] = ""
    if node.col_offset:
        lines[node.lineno - 1] = " " * node.col_offset + "pass\n"
