"""Our Cascade R-CNN agrees with detectron2's on the same weights.

The layers are ours; detectron2 does what is done between and behind them: decoding, clipping, the
mean of the probabilities, suppression. The layers of a stage see the boxes of the one before, so
the same boxes have to arrive at each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_export_matrix import samples

SIZE = (192, 256)


def record(model: Any, picture: int) -> tuple[dict[str, Any], list[int], Any]:
    """What the layers of a cascade gave for a picture, the size that it was resized to, and what
    was detected: boxes, scores and labels in pixels of that size."""
    import torch

    heads, arrays, arrived = model.roi_heads, {}, []
    hooks = [
        heads.box_roi_pool.register_forward_pre_hook(lambda _, inputs: arrived.append(inputs[1][0]))
    ]
    for i, stage in enumerate(heads.stages):

        def keep(_: Any, __: Any, output: Any, i: int = i) -> None:
            arrays[f"logits_{i}"], arrays[f"deltas_{i}"] = (each.numpy() for each in output)

        hooks.append(stage.register_forward_hook(keep))
    image = torch.from_numpy(samples.pictures([SIZE], picture)[0])
    with torch.no_grad():
        images, _ = model.transform([image])
        features = model.backbone(images.tensors)
        proposals, _ = model.rpn(images, features)
        (found,), _ = heads(features, proposals, images.image_sizes)
    for hook in hooks:
        hook.remove()
    arrays.update({f"boxes_{i}": boxes.numpy() for i, boxes in enumerate(arrived)})
    return arrays, list(images.image_sizes[0]), found


@pytest.mark.parametrize("picture", range(len(samples.PICTURES)))
def test_decoding_and_merging_agree(task: Any, tmp_path: Path, picture: int) -> None:
    pytest.importorskip("torch")
    from conformance.architectures.cascade_rcnn import WEIGHTS, build

    model = build("resnet10")
    heads = model.roi_heads
    arrays, size, expected = record(model, picture)
    np.savez(tmp_path / "layers.npz", **arrays)
    settings = {
        "size": size,
        "weights": [list(weights) for weights in WEIGHTS],
        "score": heads.score_thresh,
        "nms": heads.nms_thresh,
        "most": heads.detections_per_img,
    }
    found = task("cascade", layers=str(tmp_path / "layers.npz"), settings=settings)
    for stage, boxes in enumerate(found["arrived"]):
        np.testing.assert_allclose(boxes, arrays[f"boxes_{stage}"], rtol=0, atol=1e-4)
    assert found["labels"] == expected["labels"].tolist()
    for name, allowed in (("boxes", 1e-4), ("scores", 1e-6)):
        ours = expected[name].numpy()
        theirs = np.reshape(found[name], ours.shape)
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=allowed)
