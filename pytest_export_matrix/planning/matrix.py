"""Axes x constraints -> cells, and what each cell exports and runs. Pure: no files, no torch."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Collection, List, Sequence

from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.vocabulary.cells import DEVICES, PLAIN, PREPARED, Cell
from pytest_export_matrix.vocabulary.entries import Architecture
from pytest_export_matrix.vocabulary.errors import UsageError, unknown

RESOLUTIONS = ("fixed", "dynamic")
BATCHES = ("1", "2", "dynamic")


def all_cells(registry: Registry) -> List[Cell]:
    """Every cell that could be planned, in order of registration: on every device, foreign pairs
    of exporter and runtime among them. A runtime takes the formats that it names. Where an
    architecture is prepared for a method, each cell comes twice, plain and prepared."""
    pairs = [
        (exporter, runtime)
        for exporter in registry.exporters
        for runtime in registry.runtimes
        if exporter.format in runtime.formats
    ]
    return [
        Cell(a.name, exporter.method, exporter.format, runtime.name, *rest, preparation)
        for a in registry.architectures
        for exporter, runtime in pairs
        if exporter.takes(a) and runtime.takes(a)
        for preparation in (PLAIN, *([PREPARED] if a.preparation_for(exporter) else []))
        for rest in itertools.product(DEVICES, RESOLUTIONS, BATCHES)
    ]


def is_foreign(registry: Registry, cell: Cell) -> bool:
    """Whether the runtime of `cell` is not meant for the file; see `Runtime.methods`."""
    exporter = registry.exporter(cell.method, cell.format)
    return registry.runtime(cell.runtime).is_foreign_to(exporter)


def meant(
    registry: Registry, cells: Sequence[Cell], devices: Collection[str], foreign: bool
) -> List[Cell]:
    """Those of `cells` that are on one of `devices`, foreign pairs only where they are asked for.

    Raises UsageError for an unknown device.
    """
    for device in devices:
        if device not in DEVICES:
            raise unknown(f"--export-matrix-devices {device}", "device", device, DEVICES)
    found = [cell for cell in cells if cell.device in devices]
    return [cell for cell in found if foreign or not is_foreign(registry, cell)]


def with_profile(architectures: Sequence[Architecture], profile: str) -> List[Architecture]:
    """The architectures with the keywords of `profile`.

    An architecture without profiles is the same in each. Raises UsageError where another one lacks
    `profile`, and where none has profiles, unless `profile` is the default one.
    """
    known = {name for architecture in architectures for name in architecture.profiles}
    if profile not in known and (known or profile != DEFAULT_PROFILE):
        raise unknown(
            f"--export-matrix-profile {profile}", "profile", profile, known or {DEFAULT_PROFILE}
        )
    chosen = []
    for architecture in architectures:
        if architecture.profiles and profile not in architecture.profiles:
            asked = f"--export-matrix-profile {profile}"
            raise UsageError(
                asked,
                f"architecture {architecture.name!r} has no such profile",
                remedy=f"it has: {', '.join(sorted(architecture.profiles))}",
            )
        keywords = {**architecture.keywords, **architecture.profiles.get(profile, {})}
        chosen.append(replace(architecture, keywords=keywords, profiles={}))
    return chosen


DEFAULT_PROFILE = "slim"
