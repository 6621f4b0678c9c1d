"""What is written beside, or inside of, a net: all that has to be known to use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional

VERSION = 1
#: The kinds of nets, and what a description of each has beside the names of inputs and outputs.
KINDS = {
    "plain": (),
    "rcnn": ("images", "transform", "anchors", "outputs_of_image"),
    "retinanet": ("images", "transform", "anchors", "decoding"),
}


@dataclass(frozen=True)
class Transform:
    """How images become a batch: the shorter side and the most of the longer in pixels, mean and
    deviation of each of 3 channels in 0..1, and of what pixels height and width are multiples."""

    min_size: int
    max_size: int
    image_mean: List[float]
    image_std: List[float]
    size_divisible: int


@dataclass(frozen=True)
class Anchors:
    """Of each level the stride in pixels, and the anchors of one cell: [A, 4] of x1, y1, x2, y2 in
    pixels around the cell's corner."""

    strides: List[int]
    cells: List[List[List[float]]]


@dataclass(frozen=True)
class Decoding:
    """How RetinaNet chooses detections: the least score, the overlap (IoU) above which the lower
    score goes, how many candidates a level has, and how many detections an image."""

    score_thresh: float
    nms_thresh: float
    topk_candidates: int
    detections_per_img: int


@dataclass(frozen=True)
class NetFile:
    """A file of a NetDef as it was written: its hash and its size."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Description:
    """A net of one of `KINDS`: the names of its tensors, and for how many images at once it was
    made. `outputs_of_image` are the names of R-CNN's outputs without the number of the image;
    `files` are those of a NetDef by name.

    Raises ValueError for another version or kind, and where it lacks what its kind has.
    """

    kind: str
    inputs: List[str]
    outputs: List[str]
    version: int = VERSION
    images: Optional[int] = None
    transform: Optional[Transform] = None
    anchors: Optional[Anchors] = None
    decoding: Optional[Decoding] = None
    outputs_of_image: Optional[List[str]] = None
    files: Optional[Dict[str, NetFile]] = None

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"its version is {self.version}, expected {VERSION}")
        if self.kind not in KINDS:
            raise ValueError(f"its kind is {self.kind!r}, expected one of {', '.join(KINDS)}")
        lacking = [name for name in KINDS[self.kind] if getattr(self, name) is None]
        if lacking:
            raise ValueError(f"a net of kind {self.kind!r} has no {', '.join(lacking)}")
