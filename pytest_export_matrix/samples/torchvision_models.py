"""`--export-matrix-model torchvision:NAME`: any model of torchvision, with calibrated weights."""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.samples.calibration import normalise, patterned
from pytest_export_matrix.samples.pictures import PICTURES, image_list
from pytest_export_matrix.samples.thresholds import clear_threshold

SIZES = ((224, 256), (256, 224), (192, 320), (320, 320))
#: The ranks of a picture's scores between which the threshold is set: a few detections are left.
RANKS = (8, 32)


def build(name: str, **keywords: Any) -> Any:
    """The model without downloaded weights, calibrated; the same in every process. `keywords` are
    those of its builder in torchvision.

    Raises ValueError for a name that torchvision does not know.
    """
    import inspect

    import torch
    from torchvision import models

    builder = models.get_model_builder(name)
    keywords["weights"] = None
    if "weights_backbone" in inspect.signature(builder).parameters:
        keywords["weights_backbone"] = None
    torch.manual_seed(0)
    model = builder(**keywords)
    if hasattr(model, "transform"):
        normalise(model.eval(), [patterned(SIZES)])
        _set_threshold(model)
    return model


def _set_threshold(model: Any) -> None:
    """Set a score threshold that fits: with random weights the model's own lets everything pass,
    or nothing."""
    import torch

    heads = model.roi_heads if hasattr(model, "roi_heads") else model
    heads.score_thresh = 0.0
    with torch.no_grad():
        answers = [model(*image_list(SIZES[:1], seed))[0] for seed in range(len(PICTURES))]
    scores = [answer["scores"].sort(descending=True)[0] for answer in answers]
    threshold = clear_threshold(scores, RANKS)
    if threshold is not None:
        heads.score_thresh = threshold
