"""The matrix as plain parametrized tests: one process, and every test does all of its own work.

This is what a project writes that does not have the plugin: each test builds the model, asks it for
the reference, exports it, loads the file, runs it and compares. Nothing is shared, nothing is kept.
What a cell consists of is taken from the plugin, so that both do the same work on a cell:

    pytest --export-matrix --export-matrix-select EXPR --deselect export-matrix:: \\
        benchmarks/plain_cells.py

`matrix_against_plain.py` runs this file and measures it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pytest_export_matrix.exporters.context import FLAT, Context
from pytest_export_matrix.planning import recipes
from pytest_export_matrix.planning.recipes import Case
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.pytrees import flatten, to_arrays, unflatten, without_empty
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import model as models

#: Names the file that each test writes its steps and its end to, a line of JSON each.
JOURNAL = "PLAIN_CELLS_JOURNAL"
Step = Callable[[str], None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each cell that was selected, but for those that an earlier process began."""
    planner = metafunc.config.pluginmanager.get_plugin("export-matrix-run")
    if planner is None:
        raise pytest.UsageError("plain_cells.py takes its cells from a run with --export-matrix")
    begun = {entry["id"] for entry in read_journal(os.environ.get(JOURNAL))}
    cells = [cell for cell in planner.cells if cell.id not in begun]
    metafunc.parametrize(
        ("cell", "registry"),
        [pytest.param(cell, planner.registry, id=cell.id) for cell in cells],
    )


def read_journal(path: str | None) -> list[dict[str, Any]]:
    if path is None or not os.path.exists(path):
        return []
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def step(cell: Cell) -> Iterator[Step]:
    """Call it with the name of each stage as it begins, so that it is known even after a crash.
    A test that has no "end" took the whole process with it."""
    path = os.environ.get(JOURNAL)

    def write(stage: str) -> None:
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"id": cell.id, "stage": stage}) + "\n")

    yield write
    write("end")


def test_cell(cell: Cell, registry: Registry, step: Step, tmp_path: Path) -> None:
    import torch

    architecture = registry.architecture(cell.architecture)
    exporter = registry.exporter(cell.method, cell.format)
    kind = asdict(registry.outputs(architecture))
    request = {"architecture": asdict(architecture), "outputs": kind}
    spec = recipes.export_spec(cell, architecture, exporter)
    threads = torch.get_num_threads()

    step("build")
    model = models.build(request).to(cell.device)

    step("reference")
    with models.exact_arithmetic(threads):
        cases = [
            reference(model, case, request, cell.device)
            for case in recipes.cases(cell, architecture)
        ]
        example = Case(spec.sizes, recipes.SEEDS[0]) if spec.sizes else None
        expected = example and reference(model, example, request, cell.device)["outputs"]
    assert any(case["shows"] for case in cases), "the eager model finds nothing"

    step("export")
    arguments = None
    if spec.sizes:
        sample = models.sample(request, spec.sizes, recipes.SEEDS[0])
        arguments = models.to_device(sample, cell.device)
    context = Context(model, arguments, architecture.layouts, spec.dynamic)
    path = str(tmp_path / f"model{exporter.suffix}")
    with models.exact_arithmetic(threads):
        captured = resolve(exporter.capture)(context)
        convention = resolve(exporter.lower)(captured, path, context)

    step("load")
    session = resolve(registry.runtime(cell.runtime).session)(path, cell.device, threads)

    step("run")
    answers = []
    for case in cases:
        is_flat = convention == FLAT
        inputs = tuple(case["input"]) if is_flat else unflatten(case["input"], case["inputs"])
        answers.append(to_arrays(session.run(inputs)))

    step("compare")
    how = {**request, "convention": convention, "exported_outputs": expected}
    found = cases.compare(cases, answers, how)
    assert "outcome" not in found, found["reason"]
    step("passed")


def reference(model: Any, case: Case, request: dict[str, Any], device: str) -> dict[str, Any]:
    """The inputs and the eager outputs of one case, as arrays with their structure."""
    arguments = models.sample(request, case.sizes, case.seed)
    inputs, input_spec = flatten(arguments)
    answer = without_empty(to_arrays(model(*models.to_device(arguments, device))))
    kind = request["outputs"]
    itself = resolve(kind["compare"])(answer, answer, kind["options"])
    assert not itself["problems"], itself["problems"]
    outputs, output_spec = flatten(answer)
    return {
        "input": [tensor.numpy() for tensor in inputs],
        "inputs": input_spec,
        "output": outputs,
        "outputs": output_spec,
        "shows": itself.get("matched", 1) > 0,
    }
