"""Export with detectron2's scripting_with_instances.

`Instances` gets its fields at run time. In its place, detectron2 compiles a class with the fields
named here. It does not compile postprocessing: a model with it fails in detectron2's own code.
https://detectron2.readthedocs.io/en/latest/modules/export.html#detectron2.export.scripting_with_instances
"""

from __future__ import annotations

from typing import Any, Dict, List

import torch
from detectron2.export import scripting_with_instances
from detectron2.modeling import PanopticFPN, ProposalNetwork, RetinaNet, SemanticSegmentor
from detectron2.structures import Boxes
from torch import Tensor, nn

from pytest_export_matrix.exporters import scripting
from pytest_export_matrix.exporters.context import Context

#: The fields that the models of the zoo return, in the order of `outputs.FIELDS`.
FIELDS = {
    "proposal_boxes": Boxes,
    "objectness_logits": Tensor,
    "pred_boxes": Boxes,
    "scores": Tensor,
    "pred_classes": Tensor,
    "pred_masks": Tensor,
    "pred_keypoints": Tensor,
    "pred_keypoint_heatmaps": Tensor,
}
save = scripting.save


# A scripted `Instances` cannot leave the process that compiled it. So each of these returns dicts
# of tensors, as detectron2's own example does.
class Called(nn.Module):
    """Calls `model(inputs)`. A scripted RetinaNet then leaves out the postprocessing, a scripted
    R-CNN refuses it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        inputs = [{"image": image} for image in images]
        found = self.model(inputs)
        return [named(each.get_fields()) for each in found]


class Raw(Called):
    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        inputs = [{"image": image} for image in images]
        found = self.model.inference(inputs, do_postprocess=False)
        return [named(each.get_fields()) for each in found]


class RawOfPanoptic(Called):
    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        inputs = [{"image": image} for image in images]
        found, maps = self.model.inference(inputs, do_postprocess=False)
        answers: List[Dict[str, Tensor]] = []
        for each, map in zip(found, maps):
            answer = named(each.get_fields())
            answer["semantic"] = map
            answers.append(answer)
        return answers


class OfProposals(Called):
    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        inputs = [{"image": image} for image in images]
        found = self.model(inputs)
        return [named(each["proposals"].get_fields()) for each in found]


class OfSemantic(Called):
    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        inputs = [{"image": image} for image in images]
        found = self.model(inputs)
        return [{"semantic": each["sem_seg"]} for each in found]


def named(fields: Dict[str, Tensor]) -> Dict[str, Tensor]:
    found: Dict[str, Tensor] = {}
    for field, name in [
        ("proposal_boxes", "boxes"),
        ("objectness_logits", "scores"),
        ("pred_boxes", "boxes"),
        ("scores", "scores"),
        ("pred_classes", "labels"),
        ("pred_masks", "masks"),
        ("pred_keypoints", "keypoints"),
        ("pred_keypoint_heatmaps", "heatmaps"),
    ]:
        if field in fields:
            found[name] = fields[field]
    return found


def script(context: Context) -> Any:
    model, kind = context.model.model, Called
    if isinstance(model, ProposalNetwork):
        kind = OfProposals
    elif isinstance(model, SemanticSegmentor):
        kind = OfSemantic
    elif context.model.raw and isinstance(model, PanopticFPN):
        kind = RawOfPanoptic
    elif context.model.raw and not isinstance(model, RetinaNet):
        kind = Raw
    with torch.no_grad():
        return scripting_with_instances(kind(model).eval(), FIELDS)
