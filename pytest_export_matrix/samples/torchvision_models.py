"""`--export-matrix-model torchvision:NAME`: any model of torchvision, with calibrated weights."""

from __future__ import annotations

from typing import Any, Dict

from pytest_export_matrix.samples.calibration import normalise, patterned
from pytest_export_matrix.samples.pictures import PICTURES, image_list
from pytest_export_matrix.samples.thresholds import clear_threshold

SIZES = ((224, 256), (256, 224), (192, 320), (320, 320))
#: The ranks of a picture's scores between which the threshold is set: a few detections are left.
RANKS = (8, 32)
#: The mean of what a BatchNorm gives. With 0, boxes of eager itself are off by up to 1.8 pixels.
SHIFT = 1.0


def build(name: str, **keywords: Any) -> Any:
    """The model with calibrated weights, none downloaded. `keywords` are those of its builder in
    torchvision. Raises ValueError for a name that torchvision does not know.
    """
    model = uncalibrated(name, **keywords)
    calibrate(model)
    return model


def uncalibrated(name: str, **keywords: Any) -> Any:
    """The model as torchvision initialises it; the same in every process.

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
    return builder(**keywords).eval()


def calibrate(model: Any) -> Dict[str, float]:
    """Give a detector weights that tell pictures apart, and a score threshold that fits: with
    random weights its own lets everything pass, or nothing. At full size that takes a minute.

    Returns the threshold by its name in the model, which is set.
    """
    if not hasattr(model, "transform"):
        return {}
    normalise(model, [patterned(SIZES)], shift=SHIFT)
    owner, heads = ("roi_heads.", model.roi_heads) if hasattr(model, "roi_heads") else ("", model)
    heads.score_thresh = _threshold(model, heads)
    return {f"{owner}score_thresh": heads.score_thresh}


def _threshold(model: Any, heads: Any) -> float:
    import torch

    heads.score_thresh = 0.0
    with torch.no_grad():
        answers = [model(*image_list(SIZES[:1], seed))[0] for seed in range(len(PICTURES))]
    scores = [answer["scores"].sort(descending=True)[0] for answer in answers]
    threshold = clear_threshold(scores, RANKS)
    return 0.0 if threshold is None else threshold
