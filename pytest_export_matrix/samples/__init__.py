"""What models are shown: pictures, and weights with which they find something in them.

pictures            photographs, noise, and a picture of nothing; `image_batch`, `image_list`
calibration         normalization and patterns, so that random weights tell pictures apart
thresholds          a detector's score threshold, where no score is near it
torchvision_models  any model of torchvision, with such weights
"""

from __future__ import annotations

from pytest_export_matrix.samples.pictures import image_batch, image_list

__all__ = ["image_batch", "image_list"]
