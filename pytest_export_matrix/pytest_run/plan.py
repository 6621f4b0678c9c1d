"""Plan a run: the registered entries, every cell of the project, and those asked for."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import List, Sequence

import pytest

from pytest_export_matrix.environments import declared
from pytest_export_matrix.planning import matrix, named_models, selection
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.vocabulary.cells import NODE_PREFIX, Cell
from pytest_export_matrix.vocabulary.errors import ExportMatrixError, unknown

ENTRY_POINTS = "pytest_export_matrix"


@dataclass(frozen=True)
class Plan:
    """Every cell of the project (`whole`), and in the same order those asked for (`cells`)."""

    registry: Registry
    whole: List[Cell]
    cells: List[Cell]

    @property
    def is_whole(self) -> bool:
        return len(self.cells) == len(self.whole)


def plan_run(config: pytest.Config, settings: Settings, ids: Sequence[str]) -> Plan:
    """The plan of a run; `ids` are those of cells given as paths.

    Raises UsageError for whatever cannot be planned.
    """
    registry = _register(config, settings)
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
    whole = matrix.all_cells(registry)
    return Plan(registry, whole, _asked_for(whole, registry, settings, ids))


def _register(config: pytest.Config, settings: Settings) -> Registry:
    registry = Registry()
    for line in config.getini(declared.INI):
        registry.add(declared.environment(line))
    try:
        config.pluginmanager.load_setuptools_entrypoints(ENTRY_POINTS)
        config.hook.pytest_export_matrix_register(registry=registry)
    except ExportMatrixError:
        raise
    except Exception as error:  # whatever a registration raises; the message names its place
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename}:{frame.lineno}"
        raise pytest.UsageError(f"pytest_export_matrix_register, {place}: {error!r}") from error
    for text in settings.models:
        registry.add(named_models.architecture(text, settings.sizes, settings.inputs))
    return registry


def _asked_for(
    whole: List[Cell], registry: Registry, settings: Settings, ids: Sequence[str]
) -> List[Cell]:
    cells = selection.select(whole, settings.select)
    named = [named_models.architecture(text).name for text in settings.models]
    if named:
        cells = [cell for cell in cells if cell.architecture in named]
    if ids:
        known = {cell.id for cell in whole}
        for text in ids:
            if text not in known:
                raise unknown(f"{NODE_PREFIX}{text}", "cell", text, known)
        cells = [cell for cell in cells if cell.id in set(ids)]
    if settings.shard:
        groups = [registry.recipe(cell).capture_key for cell in cells]
        cells = selection.shard(cells, groups, *settings.shard)
    return cells
