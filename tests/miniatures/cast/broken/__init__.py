"""A program that no compiler takes."""

from __future__ import annotations

from pathlib import Path

from pytest_export_matrix.runtimes import cmake


def build(out: str) -> None:
    cmake.build(str(Path(__file__).parent), "runner", out, {})
