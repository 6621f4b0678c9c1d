"""Axes x constraints -> cells, and what each cell exports and runs. Pure: no files, no torch."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import (
    List,
    Sequence,
)

from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.vocabulary.cells import DEVICES, PLAIN, PREPARED, Cell
from pytest_export_matrix.vocabulary.entries import Architecture
from pytest_export_matrix.vocabulary.errors import UsageError, unknown

RESOLUTIONS = ("fixed", "dynamic")
BATCHES = ("1", "2", "dynamic")


def all_cells(registry: Registry) -> List[Cell]:
    """Every cell, in order of registration. A runtime takes the formats that it names. Where an
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
        for preparation in (PLAIN, *([PREPARED] if exporter.method in a.preparations else []))
        for rest in itertools.product(DEVICES, RESOLUTIONS, BATCHES)
    ]


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
