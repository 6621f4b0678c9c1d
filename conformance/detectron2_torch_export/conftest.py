"""detectron2's own models by torch.export, as they are and prepared, in PyTorch and in engines."""

from __future__ import annotations

from pytest_export_matrix import Registry, Reporter
from pytest_export_matrix.addons.detectron2.entries import entries
from pytest_export_matrix.on_request import OPENVINO


def pytest_export_matrix_register(registry: Registry) -> None:
    for entry in (*entries(source_0_6=""), *OPENVINO):
        if not isinstance(entry, Reporter):  # they are of detectron2's own methods
            registry.add(entry)
