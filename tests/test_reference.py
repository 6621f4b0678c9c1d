"""The pages of the reference tell all that the code has, and need no torch and no Sphinx for it."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, List

import pytest

import pytest_export_matrix as em
from pytest_export_matrix import plugin
from pytest_export_matrix.planning.registry import KINDS
from pytest_export_matrix.results.result import Result

DOCS = Path(__file__).parents[1] / "docs"
Load = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def load() -> Any:
    """Imports a module of `docs/site_parts/`, as `docs/conf.py` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield lambda name: importlib.import_module(f"site_parts.{name}")


class Recorder:
    """A parser of pytest that notes what a plugin adds."""

    def __init__(self) -> None:
        self.options: List[str] = []
        self.values: List[str] = []

    def getgroup(self, *words: str) -> Recorder:
        return self

    def addoption(self, name: str, **others: Any) -> None:
        self.options.append(name)

    def addini(self, name: str, *others: Any, **more: Any) -> None:
        self.values.append(name)


@pytest.fixture(scope="module")
def added() -> Recorder:
    recorder = Recorder()
    plugin.pytest_addoption(recorder)  # type: ignore[arg-type]
    return recorder


def test_the_reference_has_every_option_and_every_ini_value(load: Load, added: Recorder) -> None:
    text = load("reference_text").options()
    assert sorted(re.findall(r"^```{option} (\S+)", text, re.MULTILINE)) == sorted(added.options)
    assert set(re.findall(r"`(export_matrix_\w+)`", text)) == set(added.values)


def test_the_page_with_examples_names_every_option_too(added: Recorder) -> None:
    text = (DOCS / "options.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(--export-matrix[a-z-]*)", text)) == set(added.options)


def test_the_reference_has_every_kind_of_entry_with_every_field(load: Load) -> None:
    text = load("reference_text").entries_page()
    assert "pytest_export_matrix_register(registry)" in text
    for kind in KINDS:
        section = text.split(f"## {kind.__name__}\n")[1].split("\n## ")[0]
        named = re.findall(r"^`(\w+)`$", section, re.MULTILINE)
        assert named == [field.name for field in dataclasses.fields(kind)]


def test_the_reference_has_every_public_name(load: Load) -> None:
    text = load("reference_text").entries_page()
    headings = re.findall(r"^##+ (\w+)$", text, re.MULTILINE)
    assert set(em.__all__) - {"Registry"} <= set(headings)


def test_what_a_docstring_says_of_a_field_stands_at_that_field(load: Load) -> None:
    _, told = load("docstrings").about(em.Runtime)
    assert told["preload"] == "modules that are slow to import and safe to fork after."
    assert told["methods"].startswith("the export methods whose files it is meant for")
    assert told["methods"].endswith("It is planned with --export-matrix-foreign alone.")


def test_the_reference_has_every_field_of_the_results_file(load: Load) -> None:
    text = load("results_text").page()
    named = set(re.findall(r"^\| `(\w+)` \| `.+` \| .+ \|$", text, re.MULTILINE))
    row = {field.name for field in dataclasses.fields(Result)} - {"cell", "detail", "sight"}
    assert row | {"id", "architecture", "preparation", "planned", "sights", "cells"} <= named


@pytest.mark.parametrize("name", ["options", "entries", "results-file"])
def test_each_page_has_its_directive(name: str) -> None:
    text = (DOCS / f"reference-{name}.md").read_text(encoding="utf-8")
    assert f"```{{reference-{name}}}\n```\n" in text
