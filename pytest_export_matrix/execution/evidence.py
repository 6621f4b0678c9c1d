"""What a finished cell was made from, and where its files are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional, Sequence, Tuple

from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.planning.recipes import Case, ExportSpec
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import (
    Architecture,
    Eager,
    Exporter,
    OutputKind,
    Runtime,
)
from pytest_export_matrix.worker.messages import EagerAnswer


@dataclass(frozen=True)
class CaseOnDisk:
    """One call of the model. `answer` describes its inputs and outputs where the eager model
    answered; then `folder` holds data.npz."""

    case: Case
    folder: str = ""
    answer: Optional[EagerAnswer] = None


@dataclass(frozen=True)
class CellEvidence:
    """Paths are empty where a cell did not get so far. `paths` are the folders that the project is
    imported from, its root first; `shown` the names that stand for folders of this machine."""

    architecture: Architecture
    outputs: OutputKind
    exporter: Exporter
    runtime: Runtime
    spec: ExportSpec
    cases: Sequence[CaseOnDisk]
    example: Optional[CaseOnDisk]
    weights: str
    artifact: str
    convention: str
    limits: Limits
    paths: Sequence[str]
    shown: Mapping[str, str]
    #: Names the function that renames weights in the exporter's environment, where there is one.
    renames: str = ""
    eager: Eager = field(default_factory=Eager)
    #: What is installed in the environments other than the default one, by their names.
    installed: Mapping[str, Versions] = field(default_factory=dict)

    @property
    def asked(self) -> Sequence[CaseOnDisk]:
        """The calls that the eager model has to answer: those of the cell, and the example."""
        example = [self.example] if self.example and self.example not in self.cases else []
        return [*self.cases, *example]


@dataclass(frozen=True)
class Place:
    """Where a script finds the project. `root` is a Python expression for the folder, `words`
    describe it, and `parts` are the folders in it that modules are imported from."""

    root: str
    words: str
    parts: Tuple[str, ...] = (".",)
