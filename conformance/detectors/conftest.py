"""Every detection model of torchvision, as it is and prepared: what torch.export leads to."""

from __future__ import annotations

from dataclasses import replace

from pytest_export_matrix import Registry
from pytest_export_matrix.on_request import EXECUTORCH, OPENVINO
from pytest_export_matrix.planning import named_models

#: Images are resized to these sides. SSD and SSDlite resize every image to one square.
SMALL = {"min_size": 144, "max_size": 640}


def pytest_export_matrix_register(registry: Registry) -> None:
    for name in filter(named_models.is_detector, named_models.registered()):
        found = named_models.architecture(f"torchvision:{name}")
        keywords = {**found.keywords, **({} if name.startswith("ssd") else SMALL)}
        registry.add(replace(found, keywords=keywords))
    for entry in (*OPENVINO, *EXECUTORCH):
        registry.add(entry)
