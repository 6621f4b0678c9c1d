"""The guide's models on a GPU: every way that PyTorch of today has out, in what runs there.

ONNX Runtime is the build for GPUs, and TensorRT lies beside it:
pip install "onnxruntime-gpu[cuda,cudnn]" onnxruntime-ep-nv-tensorrt-rtx-cu13
"""

from __future__ import annotations

from dataclasses import replace

from conformance.architectures.table import ARCHITECTURES
from pytest_export_matrix import Registry, Runtime
from pytest_export_matrix.on_request import AOT_INDUCTOR, TENSORRT
from pytest_export_matrix.vocabulary.entries import DEFAULT

NAMES = ("classifier", "faster_rcnn", "mask_rcnn", "keypoint_rcnn", "retinanet")


def pytest_export_matrix_register(registry: Registry) -> None:
    for architecture in ARCHITECTURES:
        if architecture.name in NAMES:
            registry.add(architecture)
    for entry in AOT_INDUCTOR:
        registry.add(entry)
    for entry in TENSORRT:
        if isinstance(entry, Runtime):
            registry.add(replace(entry, environment=DEFAULT))
