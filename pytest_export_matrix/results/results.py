"""The results of one run, or of several."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence

from pytest_export_matrix.machine.units import in_units
from pytest_export_matrix.results.changes import Changes
from pytest_export_matrix.results.result import Result, count
from pytest_export_matrix.vocabulary.cells import AXES, Cell
from pytest_export_matrix.vocabulary.outcomes import Sight


@dataclass(frozen=True)
class Matrix:
    """Which matrix results belong to: how many cells the project has in all, the digest of their
    ids, and the profile that the architectures were built with."""

    cells: int
    sha256: str
    profile: str

    @classmethod
    def of(cls, cells: Sequence[Cell], profile: str) -> "Matrix":
        text = "\n".join(sorted(cell.id for cell in cells))
        return cls(len(cells), hashlib.sha256(text.encode()).hexdigest(), profile)


@dataclass
class Versions:
    """What cells were made with in one environment: the version of its Python, the platform, and
    the version of each package that matters. What a run installed has a size and took some seconds
    to install, which make no other environment of it."""

    python: str
    platform: str
    packages: Dict[str, str]
    size_bytes: Optional[int] = field(default=None, compare=False)
    install_seconds: Optional[float] = field(default=None, compare=False)

    @property
    def listed(self) -> str:
        """The packages with their versions, in words."""
        return ", ".join(f"{name} {version}" for name, version in sorted(self.packages.items()))

    @property
    def cost(self) -> str:
        """In words, such as "253 MB, installed in 12 s"; empty where nothing is known."""
        said = []
        if self.size_bytes is not None:
            said.append(in_units(self.size_bytes))
        if self.install_seconds is not None:
            said.append(f"installed in {self.install_seconds:.0f} s")
        return ", ".join(said)


@dataclass
class Results:
    """The results of `planned` cells; complete when every cell has one.

    `matrix` is the whole that the cells are taken from, by a selection or as one `shard` of
    several ("2/5"); `axes` the values of each axis in order of registration, which is the order of
    reports. `changes` are those against a baseline or older results, where one was given; they are
    shown, not kept in the file.
    """

    planned: int
    cells: List[Result]
    started: str = ""
    seconds: float = 0.0
    environments: Dict[str, Versions] = field(default_factory=dict)
    matrix: Optional[Matrix] = None
    shard: Optional[str] = None
    axes: Dict[str, List[str]] = field(default_factory=dict)
    changes: Optional[Changes] = None

    def __post_init__(self) -> None:
        places = {
            axis: {value: i for i, value in enumerate(values)} for axis, values in self.axes.items()
        }
        self.cells = sorted(self.cells, key=lambda result: result.cell.id)
        self.cells.sort(key=lambda result: _place(result.cell, places))

    @property
    def complete(self) -> bool:
        return self.planned == len(self.cells)

    @property
    def sights(self) -> Dict[str, Sight]:
        """What the sample inputs of each architecture see, where that was asked for."""
        found: Dict[str, Sight] = {}
        for result in self.cells:
            if result.sight:
                found.setdefault(result.cell.architecture, result.sight)
        return found

    @property
    def counts(self) -> Dict[str, int]:
        return count(self.cells)


def _place(cell: Cell, places: Mapping[str, Mapping[str, int]]) -> List[int]:
    return [places.get(axis, {}).get(value, 0) for axis, value in cell.axes.items()]


def axes_of(cells: Sequence[Cell]) -> Dict[str, List[str]]:
    """The values of each axis, in the order in which `cells` have them."""
    return {axis: list(dict.fromkeys(getattr(cell, axis) for cell in cells)) for axis in AXES}
