"""detectron2's own models under its own exporters: a matrix of its own, see README.

Where EXPORT_MATRIX_DETECTRON2_ZOO names the folder `configs` of a detectron2, all configurations of
its zoo take the place of those that stand for the rows of the guide's table.
"""

from __future__ import annotations

import os
from pathlib import Path

from pytest_export_matrix import Registry
from pytest_export_matrix.addons.detectron2.entries import entries
from pytest_export_matrix.addons.detectron2.zoo import REPRESENTATIVE, zoo

CONFIGS = os.environ.get("EXPORT_MATRIX_DETECTRON2_ZOO")


def pytest_export_matrix_register(registry: Registry) -> None:
    models = zoo(Path(CONFIGS)) if CONFIGS else REPRESENTATIVE
    for entry in entries(models=models):
        registry.add(entry)
