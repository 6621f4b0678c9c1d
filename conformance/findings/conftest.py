"""What engines get wrong and do not say, in models as small as they can be: docs/findings.md."""

from __future__ import annotations

from conformance.architectures.table import ARCHITECTURES
from pytest_export_matrix import Architecture, Registry
from pytest_export_matrix.on_request import EXECUTORCH, MNN, NCNN, ONNX_REFERENCE, OPENVINO

OPERATORS = (
    "average_pool_with_ceil_mode",
    "circular_padding",
    "layer_norm_of_all_dimensions",
    "remainder",
    "normalized_channels",
    "max_pool_of_volumes",
    "gelu",
    "size_by_a_factor",
    "size_by_a_quotient",
    "size_to_the_next_multiple",
    "layer_norm_beside_a_large_mean",
    "places_in_a_matrix",
)


def pytest_export_matrix_register(registry: Registry) -> None:
    for name in OPERATORS:
        build = f"conformance.findings.models:{name}"
        registry.add(Architecture(name, build, sizes=((14, 18),), other_sizes=((10, 22),)))
    registry.add(next(each for each in ARCHITECTURES if each.name == "retinanet"))
    for entry in (*OPENVINO, *EXECUTORCH, *NCNN, *MNN, *ONNX_REFERENCE):
        registry.add(entry)
