"""A cell: one point of the matrix, and the text that names it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, fields
from typing import Dict

#: What a name on any axis may be made of; "-" separates the axes of a cell's id.
NAME = re.compile(r"[A-Za-z0-9_.]+\Z")

#: What pytest calls the node above all cells, and what the node id of a cell begins with.
NODE = "export-matrix"
NODE_PREFIX = f"{NODE}::"


@dataclass(frozen=True)
class Cell:
    """One architecture exported by one exporter, run by one runtime on one device."""

    architecture: str
    method: str
    format: str
    runtime: str
    device: str
    resolution: str
    batch: str

    @functools.cached_property
    def axes(self) -> Dict[str, str]:
        return {axis: getattr(self, axis) for axis in AXES}

    @functools.cached_property
    def id(self) -> str:
        """For instance `mask_rcnn-tracing-onnx-onnxruntime-cpu-dynamic-2`."""
        return "-".join(self.axes.values())


AXES = tuple(field.name for field in fields(Cell))
