"""The commands that a result names: one runs its cell alone, one accepts how the cell ended."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Optional

from pytest_export_matrix.planning import named_models
from pytest_export_matrix.planning.matrix import DEFAULT_PROFILE
from pytest_export_matrix.pytest_run.options import Settings
from pytest_export_matrix.vocabulary.cells import NODE_PREFIX, Cell


@dataclass(frozen=True)
class Commands:
    """`baseline` and `config_file` (-c) are what the command line names, or None. A baseline in the
    ini file needs no words."""

    settings: Settings
    baseline: Optional[str] = None
    config_file: Optional[str] = None

    def run_alone(self, cell: Cell) -> str:
        return self._command(cell)

    def accept(self, cell: Cell) -> str:
        named = [f"--export-matrix-baseline={self.baseline}"] if self.baseline else []
        return self._command(cell, *named, "--export-matrix-update")

    def _command(self, cell: Cell, *more: str) -> str:
        named = ["-c", self.config_file] if self.config_file else []
        words = ["pytest", *named, "--export-matrix", *more]
        if self.settings.profile != DEFAULT_PROFILE:
            words += ["--export-matrix-profile", self.settings.profile]
        for text in self.settings.models:
            if named_models.architecture(text).name == cell.architecture:
                words += ["--export-matrix-model", text]
                for height, width in self.settings.sizes:
                    words += ["--export-matrix-size", f"{height}x{width}"]
                if self.settings.inputs:
                    words += ["--export-matrix-inputs", self.settings.inputs]
        return shlex.join([*words, NODE_PREFIX + cell.id])
