"""The workflow that users copy names commands and options that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_export_matrix import plugin
from pytest_export_matrix.cli import parser

WORKFLOW = Path(__file__).parents[1] / ".github" / "workflows" / "export-matrix.yml"
TEXT = WORKFLOW.read_text("utf-8")
COMMANDS = re.findall(r"run: (export-matrix .*)", TEXT)


def test_the_workflow_uses_options_that_the_plugin_has() -> None:
    known = {f"--export-matrix-{name}" for name, *_ in (*plugin.VALUES, *plugin.LISTS)}
    used = set(re.findall(r"--export-matrix-[a-z-]+", TEXT.split("name: export matrix")[1]))
    assert used
    assert used <= known


def test_the_page_of_the_matrix_is_published_below_the_documentation() -> None:
    (folder,) = re.findall(r"run: tox run -e site -- (\S+)", TEXT)
    publish = TEXT.split("  publish:")[1]
    paths = re.findall(r"^          path: (.*)$", publish, re.MULTILINE)
    assert paths == [f"{folder}/matrix", folder]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_workflow_uses_commands_that_parse(command: str) -> None:
    assert len(COMMANDS) == 3
    words = command.replace('"', "").split()
    parser().parse_args(words[1:])
