"""What torchvision of 2021 did otherwise, and what is done around a net does as today's."""

from __future__ import annotations

from functools import partial
from typing import Any

from torchvision.models.detection.transform import GeneralizedRCNNTransform

from pytest_export_matrix.addons.caffe2 import processing


def resize_as_today(model: Any) -> str:
    """Have a detector of torchvision 0.11 resize images as today's does; says that it was done.

    Both scale an image until its shorter side has a given length and round down. In 2021 the factor
    went through float32, so that a side could become a pixel less.
    """
    transforms = [each for each in model.modules() if isinstance(each, GeneralizedRCNNTransform)]
    for transform in transforms:
        transform.resize = partial(_resize, transform)
    if not transforms:
        return ""
    return (
        "the eager model of the exporter's environment was given today's resizing, by a factor "
        "in double precision: that is how images reach the file"
    )


def _resize(transform: Any, image: Any, target: Any = None) -> Any:
    return processing.resize(image, transform.min_size[-1], transform.max_size), target
