"""The reference of options and of entries -> Markdown, from the code. Pure, without torch."""

from __future__ import annotations

import inspect
from typing import Callable, List

from pytest_export_matrix import compare, plugin
from pytest_export_matrix.pytest_run import checking, hookspecs
from pytest_export_matrix.vocabulary import entries
from site_parts.docstrings import about, fields, words

ENTRIES = (
    entries.Architecture,
    entries.Exporter,
    entries.Runtime,
    entries.Environment,
    entries.OutputKind,
    entries.Reporter,
)
OUTPUT_KINDS = (compare.Tensors, compare.Detections, compare.Panoptic, compare.Queries)


def options() -> str:
    """Every option of the plugin, in the groups that `plugin.py` has."""
    lines = ["## Values", ""]
    for name, text in plugin.VALUES:
        lines += option(name, name.upper(), text, f"export_matrix_{name}")
    lines += ["## Lists", "", "In the ini file, one a line.", ""]
    for name, metavar, text in plugin.LISTS:
        lines += option(name, metavar, text, f"export_matrix_{name}")
    lines += ["## Switches", ""]
    lines += option("", "", plugin.MATRIX, "")
    for name, text in plugin.FLAGS:
        lines += option(name, "", text, "")
    lines += ["## In the ini file alone", ""]
    lines += ["`export_matrix_environments`", f": {sentence(plugin.ENVIRONMENTS)}", ""]
    return "\n".join(lines)


def option(name: str, metavar: str, text: str, ini: str) -> List[str]:
    """One option, in the words of `pytest --help`."""
    full = f"--export-matrix-{name}" if name else "--export-matrix"
    told = f"{sentence(text)} Ini value: `{ini}`." if ini else sentence(text)
    return [f"```{{option}} {full} {metavar}".rstrip(), told, "```", ""]


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def entries_page() -> str:
    """The hook, every kind of entry with its fields, and the output kinds that are built in."""
    hook = hookspecs.pytest_export_matrix_register
    lines = ["## The hook", "", f"`{hook.__name__}(registry)`", "", words(hook.__doc__ or ""), ""]
    for kind in ENTRIES:
        lines += [f"## {kind.__name__}", "", about(kind)[0], "", *fields(kind), ""]
    lines += ["## Output kinds", ""]
    for function in OUTPUT_KINDS:
        lines += called(function)
    lines += ["## In tests and notebooks", ""]
    lines += [*called(checking.check), words(checking.Checker.check.__doc__ or ""), ""]
    return "\n".join(lines)


def called(function: Callable[..., object]) -> List[str]:
    """A function, how it is called, and what it says of itself."""
    signature = inspect.signature(function)
    whole = str(signature.replace(return_annotation=inspect.Signature.empty))
    shown = whole.replace("'", "")  # annotations are texts
    name = function.__name__
    return [f"### {name}", "", f"`em.{name}{shown}`", "", words(function.__doc__ or ""), ""]
