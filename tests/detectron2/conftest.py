"""detectron2 itself, in an environment that has it.

EXPORT_MATRIX_DETECTRON2_PYTHON names its interpreter; without it these tests are skipped. It may
be v0.6 with torch 1.10.2 or a current one, with compiled operators or a stand-in for them.
EXPORT_MATRIX_DETECTRON2_TODAY_PYTHON names one with a current torch, for torch.export.

The end of the run says how far our models are from detectron2's, in one line per test.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # finds the conformance suite when its conftest is not collected
PYTHON = "EXPORT_MATRIX_DETECTRON2_PYTHON"
TODAY = "EXPORT_MATRIX_DETECTRON2_TODAY_PYTHON"
AGREEMENT = "agreement with detectron2"


@pytest.fixture(scope="session")
def task(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Calls a function of `inside` in a process of its own: task(name, **request) -> its answer."""
    return caller(PYTHON, tmp_path_factory.mktemp("detectron2"))


@pytest.fixture(scope="session")
def today(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """The same with the torch of today."""
    return caller(TODAY, tmp_path_factory.mktemp("today"))


def caller(variable: str, folder: Path) -> Callable[..., Any]:
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no interpreter with detectron2")
    counter = itertools.count()

    def call(name: str, **request: Any) -> Any:
        place = folder / f"{next(counter)}.json"
        place.write_text(json.dumps(request), encoding="utf-8")
        ran = subprocess.run(
            ["nice", python, str(Path(__file__).parent / "inside.py"), name, str(place)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        return json.loads(place.read_text(encoding="utf-8"))

    return call


@pytest.fixture(scope="session")
def versions(task: Any) -> dict[str, str]:
    return dict(task("versions"))


@pytest.fixture(scope="session")
def detectron2(task: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Asks detectron2's network with the weights of a model of ours: detectron2(model, cases) ->
    the answers. A case names a function of `same_weights`, "ask", and holds its arguments."""
    folder, counter = tmp_path_factory.mktemp("same_weights"), itertools.count()

    def ask(model: Any, cases: list[dict[str, Any]]) -> list[Any]:
        import torch
        import translation

        place = folder / f"{next(counter)}.pt"
        described, weights = translation.description(model), translation.weights(model)
        torch.save({"description": described, "weights": weights, "cases": cases}, place)
        task("answer", place=str(place))
        found = torch.load(place)
        place.unlink()
        return list(found)

    return ask


@pytest.fixture
def tell(record_property: Any, versions: dict[str, str]) -> Callable[[dict[str, float]], None]:
    """Notes the figures of a test, for the end of the run."""

    def note(figures: dict[str, float]) -> None:
        told = ", ".join(f"{name} {figure:.6g}" for name, figure in figures.items())
        against = f"detectron2 {versions['detectron2']} on torch {versions['torch']}"
        record_property(AGREEMENT, f"{told} ({against})")

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    lines = [
        f"{report.nodeid}: {figures}"
        for report in reports
        if report.when == "call"
        for name, figures in report.user_properties
        if name == AGREEMENT
    ]
    if lines:
        terminalreporter.section(AGREEMENT)
        for line in lines:
            terminalreporter.write_line(line)
