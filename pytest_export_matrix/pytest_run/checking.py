"""Check a model from a test that is there already, from a script or from a notebook.

    def test_export(export_matrix):
        export_matrix.check("my_models:build", way="torch_export/onnx/onnxruntime").passed()

The same cells are carried out as by `pytest --export-matrix`, by the same workers, and are answered
from the same cache.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Sequence, Union

import pytest
from tabulate import tabulate

from pytest_export_matrix.execution.run import Manners
from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.judging.verdict import judge
from pytest_export_matrix.planning import named_models
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.pytest_run import gathering, options, xdist
from pytest_export_matrix.pytest_run.assembly import assemble_run, import_paths, shown_folders
from pytest_export_matrix.pytest_run.commands import Commands
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.pytest_run.plan import (
    ENTRY_POINTS,
    BuiltIns,
    Plan,
    add_named_models,
    fill_registry,
    plan_cells,
)
from pytest_export_matrix.reporting import terminal
from pytest_export_matrix.reporting.captions import below_marks
from pytest_export_matrix.reporting.summary_table import summary_grids
from pytest_export_matrix.results.results import Matrix, Results, axes_of
from pytest_export_matrix.vocabulary.entries import Architecture, Entry, Size
from pytest_export_matrix.vocabulary.errors import UsageError

#: The axes that a way names, in this order: "torch_export/onnx/onnxruntime".
WAY = ("method", "format", "runtime")


@dataclass(frozen=True)
class Checked:
    """What became of the cells of one model. `print` shows it as the terminal does, a notebook as
    tables."""

    results: Results

    @property
    def outcomes(self) -> Mapping[str, str]:
        """The outcome of each cell, by its id."""
        return {result.cell.id: str(result.outcome) for result in self.results.cells}

    def passed(self) -> None:
        """Raises AssertionError, which says why, unless every cell passed. A cell that is not
        available here has not passed."""
        __tracebackhide__ = True
        if not all(result.passed for result in self.results.cells):
            raise AssertionError(f"not all cells passed\n{self}")

    def __str__(self) -> str:
        verdicts = {result.cell.id: judge(result, None) for result in self.results.cells}
        return "\n".join(line for _, line in terminal.lines(self.results, verdicts, {}))

    def _repr_html_(self) -> str:
        grids = summary_grids(self.results.cells)
        notes = [[note] for note in below_marks(self.results)]
        tables = [tabulate(grid.rows, headers=grid.header, tablefmt="html") for grid in grids]
        return "\n".join([*tables, tabulate(notes, tablefmt="html")])


@dataclass(frozen=True)
class Checker:
    """Checks models with what `register` registers. `paths` are the folders that the project is
    imported from, its root first; answers older than `since` (seconds since the epoch) do not
    count."""

    settings: Settings
    paths: List[str]
    register: Callable[[Settings], Registry]
    since: float = 0.0

    def check(
        self,
        model: Union[str, Architecture],
        way: str = "",
        *,
        sizes: Sequence[Size] = (),
        inputs: str = "",
        resolution: str = "*",
        batch: str = "*",
    ) -> Checked:
        """Export `model`, run the files and compare their answers with eager.

        model: "package.module:factory" or "torchvision:NAME", an `Architecture`, or the name of a
            registered one.
        way: "method/format/runtime". Each part is a glob; a part that is left out is any.
        sizes: (height, width), the first is exported and the others are run. inputs:
            "module:function" that makes the model's arguments. They are for a model by its name.
        resolution, batch: globs for "fixed" and "dynamic", and for "1", "2" and "dynamic".

        Raises UsageError for what cannot be planned, and where no cell is as asked for.
        """
        named = isinstance(model, str) and ":" in model
        if (sizes or inputs) and not named:
            raise UsageError(
                f"check({model!r})",
                "sizes and inputs are for a model that is named module:factory",
                remedy="an Architecture has sizes= and inputs= of its own",
            )
        models = [model] if isinstance(model, str) and named else []
        given = replace(self.settings, models=models, sizes=list(sizes), inputs=inputs)
        registry = self.register(given)
        if isinstance(model, Architecture):
            registry.add(model)
            name = model.name
        else:
            name = named_models.architecture(model).name if named else model
        plan = _plan(registry, given, name, way, (resolution, batch))
        return Checked(self._results(plan, given))

    def _results(self, plan: Plan, settings: Settings) -> Results:
        shown = shown_folders(settings.cache, Path(self.paths[0]))
        manners = Manners(Commands(settings).run_alone, shown, lambda result: False)
        recipes = [plan.registry.recipe(cell) for cell in plan.cells]
        store = Store(settings.cache, self.since, settings.url)
        run = assemble_run(recipes, plan.registry, settings, store, self.paths, manners)
        try:
            futures = [run.result(cell) for cell in plan.cells]
            found = [future.result() for future in futures]
        finally:
            run.close()
        return Results(
            planned=len(plan.cells),
            cells=found,
            environments=gathering.environments(plan, settings, found, run.executor.elsewhere),
            matrix=Matrix.of(plan.whole, settings.profile),
            axes=axes_of(plan.whole),
        )


def _plan(
    registry: Registry, settings: Settings, name: str, way: str, sizes: Sequence[str]
) -> Plan:
    """The cells of the architecture `name` that are as asked for, planned."""
    parts = way.split("/") if way else []
    if len(parts) > len(WAY):
        remedy = 'for instance way="torch_export/onnx/onnxruntime"'
        raise UsageError(f"way={way!r}", "more than method/format/runtime", remedy=remedy)
    axes = ("architecture", *WAY[: len(parts)], "resolution", "batch")
    terms = zip(axes, (name, *parts, *sizes))
    expression = ",".join(f"{axis}={glob}" for axis, glob in terms)
    try:
        return plan_cells(registry, replace(settings, select=[expression]))
    except UsageError as error:
        if expression not in error.asked:
            raise
        asked = f"check({name!r}, {way!r})"
        # Its remedy names an option of pytest where the values do not go together.
        known = error.remedy if error.nearest else None
        raise UsageError(asked, error.problem, nearest=error.nearest, remedy=known) from None


def check(
    model: Union[str, Architecture],
    way: str = "",
    *,
    sizes: Sequence[Size] = (),
    inputs: str = "",
    resolution: str = "*",
    batch: str = "*",
    entries: Sequence[Entry] = (),
    cache: Optional[str] = None,
) -> Checked:
    """`Checker.check` for a script or a notebook. `model` is imported from the working directory.

    entries: further exporters, runtimes and environments. cache: the folder of exported files and
        answers, by default the user's.
    """
    checker = Checker(options.of_this_machine(cache), [os.getcwd()], _registry_with(entries))
    return checker.check(model, way, sizes=sizes, inputs=inputs, resolution=resolution, batch=batch)


def of_session(config: pytest.Config) -> Checker:
    """The checker of a pytest session: with its options, its cache, and all that its project
    registers."""
    register = partial(fill_registry, config)
    return Checker(options.read(config), import_paths(config), register, xdist.since(config))


def _registry_with(entries: Sequence[Entry]) -> Callable[[Settings], Registry]:
    """Makes a registry of the built-in entries, those of installed packages, and `entries`."""

    def register(settings: Settings) -> Registry:
        registry = Registry()
        BuiltIns().pytest_export_matrix_register(registry)
        for point in metadata.entry_points(group=ENTRY_POINTS):
            point.load().pytest_export_matrix_register(registry)
        for entry in entries:
            registry.add(entry)
        add_named_models(registry, settings)
        return registry

    return register
