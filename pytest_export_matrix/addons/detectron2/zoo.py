"""The configurations of detectron2 that are put under test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional

from pytest_export_matrix.samples.pictures import PICTURES

#: What a model answers.
DETECTIONS, PANOPTIC, SEMANTIC = "detections", "panoptic", "semantic"


@dataclass(frozen=True)
class Model:
    """A configuration of the zoo.

    contrast, bias: as `models.build` takes them, found by trying: with them every picture but the
    flat one gives some detections. most: how many of an image are kept. spot: the seed of a picture
    in which the slim model finds one thing; crowd: of one in which it finds more than it keeps.
    """

    config: str
    answers: str = DETECTIONS
    contrast: float = 6.0
    bias: float = 0.0
    most: Optional[int] = None
    spot: Optional[int] = None
    crowd: Optional[int] = None

    @property
    def keywords(self) -> Dict[str, Any]:
        """What `models.build` takes beside the configuration."""
        return {"contrast": self.contrast, "bias": self.bias, "most": self.most}

    @property
    def adversarial(self) -> Dict[str, int]:
        if self.spot is None or self.crowd is None:
            return {}
        return {"nothing": PICTURES.index("flat"), "a spot": self.spot, "a crowd": self.crowd}


#: These models find the same things.
_RCNN: Any = {"most": 6, "spot": 145, "crowd": 26}
#: The rows of the guide's table, and Panoptic FPN.
REPRESENTATIVE = {
    "faster_rcnn": Model("COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml", **_RCNN),
    "mask_rcnn": Model("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml", **_RCNN),
    "keypoint_rcnn": Model("COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x.yaml", **_RCNN),
    "retinanet": Model(
        "COCO-Detection/retinanet_R_50_FPN_3x.yaml",
        contrast=4.0,
        bias=-10.0,
        most=5,
        spot=685,
        crowd=154,
    ),
    "pointrend_rcnn": Model("PointRend/pointrend_rcnn_R_50_FPN", **_RCNN),
    "cascade_rcnn": Model(
        "Misc/cascade_mask_rcnn_R_50_FPN_3x.yaml", contrast=4.0, most=4, spot=123, crowd=10
    ),
    "panoptic_fpn": Model("COCO-PanopticSegmentation/panoptic_fpn_R_50_3x.yaml", PANOPTIC, **_RCNN),
}


def zoo(configs: Path) -> Dict[str, Model]:
    """Every configuration in the folder `configs` of detectron2, for `entries(models=...)`.

    It leaves out those that detectron2 tests itself with, and those that are bases of others.
    """
    paths = sorted(path.relative_to(configs) for path in configs.glob("*/*.yaml"))
    chosen = [path for path in paths if path.parts[0] not in ("common", "quick_schedules")]
    return {
        re.sub(r"\W+", "_", "_".join(path.with_suffix("").parts)): _of_zoo(path.as_posix())
        for path in chosen
        if not path.name.startswith("Base")
    }


def _of_zoo(config: str) -> Model:
    """A configuration, with contrast and bias of the similar model in the guide's table."""
    answers = next((kind for kind in (PANOPTIC, SEMANTIC) if kind in config), DETECTIONS)
    like = next((model for name, model in REPRESENTATIVE.items() if name in config), Model(config))
    return Model(config, answers, like.contrast, like.bias)
