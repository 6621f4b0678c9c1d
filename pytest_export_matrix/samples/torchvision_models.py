"""`--export-matrix-model torchvision:NAME`: any model of torchvision, with weights that tell."""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.samples.calibration import normalise, patterned
from pytest_export_matrix.samples.pictures import PICTURES, image_list

SIZES = ((224, 256), (256, 224), (192, 320), (320, 320))
#: A detector's threshold is put into the widest gap between these ranks of a picture's scores.
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
    """Choose the score threshold so that a few detections are left and none is near it.

    With random weights the model's own threshold lets everything pass, or nothing. It is put into
    the widest gap of the scores of that sample picture which has the highest ones.
    """
    import torch

    heads = model.roi_heads if hasattr(model, "roi_heads") else model
    heads.score_thresh = 0.0
    found = []
    with torch.no_grad():
        for seed in range(len(PICTURES)):
            scores = model(*image_list(SIZES[:1], seed))[0]["scores"]
            found.append(scores.sort(descending=True)[0][slice(*RANKS)])
    scores = max(found, key=lambda scores: float(scores.sum()))
    if len(scores) > 1:
        widest = int((scores[:-1] - scores[1:]).argmax())
        heads.score_thresh = round(float(scores[widest] + scores[widest + 1]) / 2, 6)
