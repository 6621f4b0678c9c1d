"""Sample pictures, and weights with which models find something in them.

pictures            photographs, noise, and a picture of nothing; `image_batch`, `image_list`
calibration         normalization and patterns, so that random weights tell pictures apart
thresholds          a detector's score threshold that is near no score
torchvision_models  any model of torchvision, with such weights
"""

from __future__ import annotations

from pytest_export_matrix.samples.pictures import image_batch, image_list

__all__ = ["image_batch", "image_list"]
