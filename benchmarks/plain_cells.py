"""The matrix as plain parametrized tests: one process, and every test does all of its own work.

This is what a project without the plugin writes: each test builds the model, asks it for
the reference, exports it, loads the file, runs it and compares. Nothing is shared, nothing is kept.
What a cell consists of is taken from the plugin, so that both do the same work on a cell:

    pytest --export-matrix --export-matrix-select EXPR --deselect export-matrix:: \\
        benchmarks/plain_cells.py

`matrix_against_plain.py` runs this file and measures it.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_export_matrix.compare.answers import KeptCase, compare
from pytest_export_matrix.execution.steps.step import model_of
from pytest_export_matrix.exporters.context import FLAT, Context
from pytest_export_matrix.planning.recipes import SEEDS, Case, Recipe
from pytest_export_matrix.vocabulary.pytrees import flatten, to_arrays, unflatten
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.eager import EagerModel, noise_of
from pytest_export_matrix.worker.messages import Model

#: The variable that names a file. Each test writes its steps and its end to it, as lines of JSON.
JOURNAL = "PLAIN_CELLS_JOURNAL"
Step = Callable[[str], None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each selected cell, except those that an earlier process began."""
    planner = metafunc.config.pluginmanager.get_plugin("export-matrix-run")
    if planner is None:
        raise pytest.UsageError("plain_cells.py takes its cells from a run with --export-matrix")
    begun = {entry["id"] for entry in read_journal(os.environ.get(JOURNAL))}
    cells = [cell for cell in planner.plan.cells if cell.id not in begun]
    recipe_of = planner.plan.registry.recipe
    metafunc.parametrize("recipe", [pytest.param(recipe_of(cell), id=cell.id) for cell in cells])


def read_journal(path: str | None) -> list[dict[str, Any]]:
    if path is None or not os.path.exists(path):
        return []
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def step(recipe: Recipe) -> Iterator[Step]:
    """Call it with the name of a stage when the stage begins: it is then known even after a crash.
    A test that has no "end" took the whole process with it."""
    path = os.environ.get(JOURNAL)

    def write(stage: str) -> None:
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"id": recipe.cell.id, "stage": stage}) + "\n")

    yield write
    write("end")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """program(build) -> the folder of the program of an engine that is none of Python's."""

    @functools.lru_cache
    def built(build: str) -> str:
        folder = str(tmp_path_factory.mktemp("program"))
        resolve(build)(folder)
        return folder

    return built


def test_cell(recipe: Recipe, step: Step, program: Callable[[str], str], tmp_path: Path) -> None:
    import torch

    described, device = model_of(recipe), recipe.cell.device
    exporter, spec = recipe.exporter, recipe.spec
    threads = torch.get_num_threads()

    step("build")
    model = models.build(described).to(device)

    step("reference")
    with models.exact_arithmetic(threads):
        cases = [reference(model, case, described, device) for case in recipe.cases]
        example = recipe.example and reference(model, recipe.example, described, device)
    found = [shows(case, described) for case in cases]
    assert any(found), "the eager model finds nothing"

    step("export")
    models.change(model, recipe.eager.changes)
    arguments = None
    if spec.sizes:
        arguments = models.to_device(models.sample(described, spec.sizes, SEEDS[0]), device)
    context = Context(model, arguments, recipe.architecture.layouts, spec.dynamic)
    path = str(tmp_path / f"model{exporter.suffix}")
    with models.exact_arithmetic(threads):
        captured = resolve(exporter.capture)(context)
        convention = resolve(exporter.lower)(captured, path, context)

    step("load")
    runtime = recipe.runtime
    others = (program(runtime.program), runtime.extras) if runtime.program else ()
    session = resolve(runtime.session)(path, device, threads, *others)

    step("run")
    answers = []
    for case in cases:
        is_flat = convention == FLAT
        inputs = tuple(case.input) if is_flat else unflatten(case.input, case.inputs)
        answers.append(to_arrays(session.run(inputs)))

    step("compare")
    structures = None
    if convention == FLAT:
        structures = [(example or case).outputs for case in cases]
    found = compare(cases, answers, recipe.outputs, structures)
    assert not found.reason, found.reason
    step("passed")


def reference(model: Any, case: Case, described: Model, device: str) -> KeptCase:
    """The inputs, the eager outputs and their noise of one case, as arrays with their structure."""
    arguments = models.sample(described, case.sizes, case.seed)
    inputs, input_spec = flatten(arguments)
    found = EagerModel(model, device).answers(models.to_device(arguments, device))
    outputs, output_spec = flatten(found.answer)
    arrays = [tensor.numpy() for tensor in inputs]
    noise = noise_of(described.outputs, found)
    return KeptCase(arrays, outputs, input_spec, output_spec, case.label, noise)


def shows(case: KeptCase, described: Model) -> bool:
    """Whether the eager model found anything; its answer has to equal itself."""
    answer, kind = unflatten(case.output, case.outputs), described.outputs
    itself = resolve(kind.compare)(answer, answer, kind.options)
    assert not itself["problems"], itself["problems"]
    return bool(itself.get("matched", 1) > 0)
