"""torchvision's detectors for torch.export, with any height and width.

    from pytest_export_matrix.preparations.torch_export import prepare

    model = torchvision.models.detection.maskrcnn_resnet50_fpn(weights="DEFAULT").eval()
    prepare(model)
    dynamic = {1: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC}
    program = torch.export.export(model, ([image],), dynamic_shapes=([dynamic],), strict=False)

The other files hold what is put into a model: `rcnn` and `one_stage` by the kind of detector;
`resizing` of the image, `boxes` of boxes, `regions` of what is found in a box.

https://docs.pytorch.org/docs/stable/export.html
"""

from __future__ import annotations

from typing import Any


def prepare(model: Any) -> str:
    """Change every torchvision detector in `model`, an eager model in eval mode, in place, so that
    torch.export can capture it, and return in words what was changed.

    Detectors are Faster, Mask and Keypoint R-CNN, RetinaNet, FCOS, SSD and SSDlite, with any
    backbone; `model` is one, or a module that holds some. The weights and their names stay. Answers
    stay as well: boxes, scores and labels in the same order but for equal scores, masks and
    keypoints but for rounding. What a subclass overrides of the methods that are replaced is lost.

    Raises TypeError where `model` holds no such detector, ValueError where one is in training mode.
    """
    from torchvision.models.detection import FCOS, RetinaNet
    from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
    from torchvision.models.detection.ssd import SSD

    from . import one_stage, rcnn

    table = {
        GeneralizedRCNN: rcnn.prepare_rcnn,
        RetinaNet: one_stage.prepare_retinanet,
        FCOS: one_stage.prepare_fcos,
        SSD: one_stage.prepare_ssd,
    }
    changes = []
    for name, module in model.named_modules():
        for kind, change in table.items():
            if isinstance(module, kind):
                words = change(module)
                changes.append(f"{name}: {words}" if name else words)
    if not changes:
        kinds = ", ".join(kind.__name__ for kind in table)
        raise TypeError(f"{type(model).__name__} is and holds no detector of torchvision ({kinds})")
    return "; ".join(changes)
