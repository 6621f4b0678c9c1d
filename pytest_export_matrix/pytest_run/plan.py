"""Plan a run: the registered entries, every cell of the project, and those asked for."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import List, Sequence

import pytest

from pytest_export_matrix.compare import OUTPUT_KINDS
from pytest_export_matrix.environments import ENVIRONMENTS, declared
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning import matrix, named_models, selection
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.reporting.reporters import REPORTERS
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.cells import NODE_PREFIX, Cell
from pytest_export_matrix.vocabulary.entries import Entry
from pytest_export_matrix.vocabulary.errors import ExportMatrixError, UsageError, unknown

ENTRY_POINTS = "pytest_export_matrix"


@dataclass(frozen=True)
class Plan:
    """All cells that could be planned (`possible`), those that the project means (`whole`: on the
    devices of this run, foreign pairs only if asked for), and those asked for (`cells`)."""

    registry: Registry
    possible: List[Cell]
    whole: List[Cell]
    cells: List[Cell]

    @property
    def is_whole(self) -> bool:
        return self.cells == self.whole

    @property
    def not_planned(self) -> str:
        """What is possible for the models of this run and not planned, in words."""
        names = {cell.architecture for cell in self.cells}
        planned = {*self.whole, *self.cells}
        left = [c for c in self.possible if c.architecture in names and c not in planned]
        devices = {cell.device for cell in self.whole}
        there = sum(cell.device in devices for cell in left)
        parts = []
        for device in sorted({cell.device for cell in left} - devices):
            number = sum(cell.device == device for cell in left)
            parts.append(f"{number} cells on {device} (--export-matrix-devices {device})")
        if there:
            parts.append(f"{there} cells that nobody claims to work (--export-matrix-foreign)")
        return ", ".join(parts)


def plan_run(config: pytest.Config, settings: Settings, ids: Sequence[str]) -> Plan:
    """The plan of a run; `ids` are those of cells given as paths.

    Raises UsageError for whatever cannot be planned.
    """
    return plan_cells(fill_registry(config, settings), settings, ids)


def plan_cells(registry: Registry, settings: Settings, ids: Sequence[str] = ()) -> Plan:
    """The plan of what is registered. Raises UsageError for whatever cannot be planned."""
    if not registry.architectures:
        raise pytest.UsageError(
            "no architecture is registered: there is nothing to export\n"
            "  name a model (--export-matrix-model torchvision:resnet18), or register one in\n"
            "  conftest.py (pytest_export_matrix_register)"
        )
    chosen = matrix.with_profile(registry.architectures, settings.profile)
    registry.replace_architectures(chosen)
    for architecture in chosen:
        registry.outputs(architecture)
    registry.check_environments()
    registry.check_preparations()
    registry.check_names()
    possible = matrix.all_cells(registry)
    for name in sorted({a.name for a in chosen} - {cell.architecture for cell in possible}):
        raise UsageError(
            f"registration of architecture {name!r}",
            "no exporter and runtime take it: it has no cell",
            remedy="its family and environment have to be those of a registered exporter",
        )
    whole = matrix.meant(registry, possible, settings.devices, settings.foreign)
    cells = _asked_for(possible, whole, registry, settings, ids)
    return Plan(registry, possible, whole, cells)


class BuiltIns:
    """Registers the built-in entries, through the hook that everybody uses."""

    def pytest_export_matrix_register(self, registry: Registry) -> None:
        entries: List[Entry] = [*EXPORTERS, *RUNTIMES, *ENVIRONMENTS, *OUTPUT_KINDS, *REPORTERS]
        for entry in entries:
            registry.add(entry)


def fill_registry(config: pytest.Config, settings: Settings) -> Registry:
    """All that the hook registers, and the models that the settings name."""
    registry = Registry()
    if not config.pluginmanager.has_plugin(BuiltIns.__name__):
        config.pluginmanager.register(BuiltIns(), BuiltIns.__name__)
    for line in config.getini(declared.INI):
        registry.add(declared.environment(line))
    try:
        config.pluginmanager.load_setuptools_entrypoints(ENTRY_POINTS)
        config.hook.pytest_export_matrix_register(registry=registry)
    except ExportMatrixError:
        raise
    except (Exception, SystemExit) as error:  # whatever is raised; the message names its place
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename}:{frame.lineno}"
        raise pytest.UsageError(f"pytest_export_matrix_register, {place}: {error!r}") from error
    add_named_models(registry, settings)
    return registry


def add_named_models(registry: Registry, settings: Settings) -> None:
    """Register the models that the settings name."""
    for text in settings.models:
        registry.add(named_models.architecture(text, settings.sizes, settings.inputs))


def _asked_for(
    possible: List[Cell],
    whole: List[Cell],
    registry: Registry,
    settings: Settings,
    ids: Sequence[str],
) -> List[Cell]:
    """The cells that the options ask for, or those that are named by their ids: these need be
    neither meant nor selected."""
    if ids:
        known = {cell.id: cell for cell in possible}
        for text in ids:
            if text not in known:
                raise unknown(f"{NODE_PREFIX}{text}", "cell", text, known)
        cells = [cell for cell in possible if cell.id in set(ids)]
    else:
        cells = select(possible, whole, settings.select)
        named = [named_models.architecture(text).name for text in settings.models]
        if named:
            cells = [cell for cell in cells if cell.architecture in named]
        for text, name in zip(settings.models, named):
            if not any(cell.architecture == name for cell in cells):
                raise UsageError(
                    f"--export-matrix-model {text}",
                    "--export-matrix-select leaves it without a cell",
                    remedy=f"a selection with architecture={name}, or without one",
                )
    if settings.shard:
        groups = [registry.recipe(cell).capture_key for cell in cells]
        cells = selection.shard(cells, groups, *settings.shard)
    return cells


def select(
    possible: List[Cell],
    whole: List[Cell],
    expressions: Sequence[str],
    option: str = "--export-matrix-select",
) -> List[Cell]:
    """The cells of `whole` that an expression picks. Raises UsageError as `selection.select` does,
    with another remedy where an expression picks cells that are possible and not planned."""
    try:
        return selection.select(whole, expressions, option)
    except UsageError as error:
        for each in expressions:
            picked = selection.select(possible, [each], option)
            if not set(picked) & set(whole):
                planned = {cell.device for cell in whole}
                devices = sorted({cell.device for cell in picked})
                foreign = bool(planned & set(devices))
                remedy = "--export-matrix-foreign"
                raise UsageError(
                    error.asked,
                    "these cells are not planned",
                    remedy=remedy if foreign else f"--export-matrix-devices {','.join(devices)}",
                ) from None
        raise
