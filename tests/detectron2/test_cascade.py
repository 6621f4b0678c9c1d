"""Our Cascade R-CNN agrees with detectron2's on the same weights.

The layers are ours; detectron2 does what is done between and behind them: decoding, clipping, the
mean of the probabilities, suppression. So that the same boxes arrive at each stage only where both
decode and clip alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_export_matrix import samples

torch = pytest.importorskip("torch")
SIZE = (192, 256)  # neither resized nor padded further


def record(model: Any, picture: int) -> tuple[dict[str, Any], Any, tuple[int, int]]:
    """What the layers of the cascade gave for a picture, the answer, and the resized size."""
    heads, arrays, seen = model.roi_heads, {}, []

    def before(_: Any, inputs: Any) -> None:
        seen.append(inputs[2][0])
        arrays["proposals"] = inputs[1][0].numpy()

    def pooled(_: Any, inputs: Any) -> None:
        if inputs[1][0].shape[0] and f"boxes_{len(WEIGHTS) - 1}" not in arrays:
            arrays[f"boxes_{sum(name.startswith('boxes') for name in arrays)}"] = inputs[1][0]

    hooks = [
        heads.register_forward_pre_hook(before),
        heads.box_roi_pool.register_forward_pre_hook(pooled),
    ]
    for i, stage in enumerate(heads.stages):

        def after(_: Any, __: Any, output: Any, i: int = i) -> None:
            arrays[f"logits_{i}"], arrays[f"deltas_{i}"] = (each.numpy() for each in output)

        hooks.append(stage.register_forward_hook(after))
    image = torch.from_numpy(samples.pictures([SIZE], picture)[0])
    with torch.no_grad():
        images, _ = model.transform([image])
        features = model.backbone(images.tensors)
        proposals, _ = model.rpn(images, features)
        (found,), _ = heads(features, proposals, images.image_sizes)
    for hook in hooks:
        hook.remove()
    return arrays, found, seen[0]


from conformance.architectures.cascade_rcnn import WEIGHTS, build  # noqa: E402


@pytest.mark.parametrize("picture", range(4))
def test_decoding_and_merging_agree(task: Any, tmp_path: Path, picture: int) -> None:
    model = build("resnet10")
    arrays, expected, size = record(model, picture)
    path = tmp_path / "layers.npz"
    np.savez(path, **arrays)
    heads = model.roi_heads
    settings = {
        "size": [int(side) for side in size],
        "weights": [list(each) for each in WEIGHTS],
        "score": heads.score_thresh,
        "nms": heads.nms_thresh,
        "most": heads.detections_per_img,
    }
    found = task("cascade", layers=str(path), settings=settings)
    for stage, boxes in enumerate(found["arrived"]):
        ours = np.asarray(arrays[f"boxes_{stage}"])
        np.testing.assert_allclose(np.asarray(boxes), ours, rtol=0, atol=1e-3)
    assert found["labels"] == expected["labels"].tolist()
    for name, allowed in (("boxes", 1e-3), ("scores", 1e-5)):
        ours = expected[name].numpy()
        theirs = np.asarray(found[name]).reshape(ours.shape)
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=allowed)
