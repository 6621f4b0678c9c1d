"""A cell: one point of the matrix, and the text that names it."""

from __future__ import annotations

import re
from typing import Dict, NamedTuple

#: What a name on any axis may be made of; "-" separates the axes of a cell's id.
NAME = re.compile(r"[A-Za-z0-9_.]+\Z")

#: What pytest calls the node above all cells, and what the node id of a cell begins with.
NODE = "export-matrix"
NODE_PREFIX = f"{NODE}::"

DEVICES = ("cpu", "cuda")
#: A model is exported as it is, or after its architecture has changed it for the method.
PLAIN, PREPARED = "plain", "prepared"


class Cell(NamedTuple):
    """One architecture exported by one exporter, run by one runtime on one device."""

    architecture: str
    method: str
    format: str
    runtime: str
    device: str
    resolution: str
    batch: str
    preparation: str = PLAIN

    # Neither is kept: a plan holds many cells that are never run.
    @property
    def axes(self) -> Dict[str, str]:
        return self._asdict()

    @property
    def id(self) -> str:
        """For instance `mask_rcnn-tracing-onnx-onnxruntime-cpu-dynamic-2`, with `-prepared` behind
        it where the model is prepared."""
        return "-".join(self[:-1] if self.preparation == PLAIN else self)

    @property
    def captured(self) -> str:
        """The export method, and whether the model is prepared for it, in words."""
        return self.method if self.preparation == PLAIN else f"{self.method} ({self.preparation})"

    @classmethod
    def of(cls, id: str) -> "Cell":
        """The cell with that id. Raises ValueError for a text that is no id."""
        names = id.split("-")
        if not len(AXES) - 1 <= len(names) <= len(AXES) or not all(map(NAME.match, names)):
            raise ValueError(f"no id of a cell: {'-'.join(AXES)} expected")
        cell = cls(*names)
        if cell.id != id or cell.preparation not in (PLAIN, PREPARED):
            raise ValueError(f"no id of a cell: {PREPARED} or nothing after {names[-2]}")
        return cell


AXES = Cell._fields
