"""Weights get the names of torchvision 0.11.3. tests/caffe2 checks this with real models."""

from __future__ import annotations

import pytest

from pytest_export_matrix.addons.caffe2.rename import rename

NAMES = {
    "backbone.fpn.inner_blocks.2.0.weight": "backbone.fpn.inner_blocks.2.weight",
    "backbone.fpn.layer_blocks.0.0.bias": "backbone.fpn.layer_blocks.0.bias",
    "rpn.head.conv.0.0.weight": "rpn.head.conv.weight",
    "roi_heads.mask_head.3.0.bias": "roi_heads.mask_head.mask_fcn4.bias",
    "head.classification_head.conv.3.0.weight": "head.classification_head.conv.6.weight",
    "head.regression_head.conv.0.0.bias": "head.regression_head.conv.0.bias",
    "roi_heads.keypoint_head.0.weight": "roi_heads.keypoint_head.0.weight",
    "backbone.body.layer1.0.downsample.0.weight": "backbone.body.layer1.0.downsample.0.weight",
    "rpn.head.cls_logits.weight": "rpn.head.cls_logits.weight",
}


def test_a_layer_that_became_a_block_gets_its_old_name() -> None:
    assert rename(list(NAMES)) == NAMES


def test_names_of_2021_stay() -> None:
    old = list(NAMES.values())
    assert rename(old) == dict(zip(old, old))


def test_two_weights_that_would_get_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        rename(["rpn.head.conv.0.0.weight", "rpn.head.conv.weight"])
