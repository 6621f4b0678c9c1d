"""The preparation of `conformance.architectures.pointrend_rcnn` for torch.export."""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.preparations.torch_export.rcnn import prepare_rcnn


def prepare_pointrend_rcnn(model: Any) -> str:
    """As `prepare_rcnn`. The points of all masks of an image are predicted at once, so that the
    mask heads are captured as they are; what they answer is pasted like the masks of Mask R-CNN."""
    return f"{prepare_rcnn(model)}; masks pasted all at once"
