"""Parts of torchvision's detectors made of Caffe2 operators; `table` says what each replaces.

Operators: https://caffe2.ai/docs/operators-catalogue.html. Each part keeps the call of the module
that it stands for, with two agreements of its own: the size of an image is its row of `im_info`,
float32 [1, 3] of height, width and 1, so that it stays a tensor in a trace; and what lies behind
the backbone is written once an image, since some operators choose among the whole batch
(CollectRpnProposals keeps the best N of all images together).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import torch
from torch import Tensor, nn

caffe2 = torch.ops._caffe2

#: Arguments that every operator with boxes ends in: those of rotated boxes, at their defaults, and
#: "legacy_plus_one" off, for a box from 3 to 5 is 2 wide, not 3.
ROTATION = (True, -180, 180, 1.0)
PLUS_ONE = False
#: DistributeFpnProposals numbers the levels of the feature pyramid from here, four of them.
FIRST_LEVEL = 2
LEVELS = 4


class Unsupported(ValueError):
    """A setting of a module that its Caffe2 part does not have."""


class Images(NamedTuple):
    """In the place of torchvision's ImageList: float32 [N, 3, H, W], a row of `im_info` for each
    image, and the anchors of each level, float32 [K, 4]."""

    tensors: Tensor
    image_sizes: List[Tensor]
    anchors: Sequence[Tensor]


class FrozenNorm(nn.Module):
    """FrozenBatchNorm2d as one scale and one shift."""

    def __init__(self, norm: Any) -> None:
        super().__init__()
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        self.register_buffer("scale", scale.reshape(1, -1, 1, 1))
        self.register_buffer("shift", (norm.bias - norm.running_mean * scale).reshape(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class Pyramid(nn.Module):
    """FeaturePyramidNetwork with ResizeNearest: each level is exactly twice the one above."""

    def __init__(self, fpn: Any) -> None:
        super().__init__()
        self.fpn = fpn

    def forward(self, x: Dict[str, Tensor]) -> Dict[str, Tensor]:
        names, maps = list(x), list(x.values())
        inner = [block(map) for block, map in zip(self.fpn.inner_blocks, maps)]
        for level in reversed(range(len(inner) - 1)):
            above = caffe2.ResizeNearest(inner[level + 1], "NCHW", 2.0, 2.0)
            inner[level] = inner[level] + above
        results = [block(map) for block, map in zip(self.fpn.layer_blocks, inner)]
        if self.fpn.extra_blocks is not None:
            results, names = self.fpn.extra_blocks(results, maps, names)
        return OrderedDict(zip(names, results))


class Proposals(nn.Module):
    """RegionProposalNetwork with GenerateProposals on each level, then CollectRpnProposals.

    GenerateProposals lays its anchors out with one stride, a constant. torchvision's strides are
    those of the padded batch, H // height of the grid, and 160 // 3 is not 64: so each position
    of a level is given as an anchor of its own, on a grid of one cell, where no stride matters.
    """

    def __init__(self, rpn: Any) -> None:
        super().__init__()
        if rpn.score_thresh > 0:
            raise Unsupported(f"GenerateProposals has no threshold of scores: {rpn.score_thresh}")
        self.head = rpn.head
        self.before_nms, self.after_nms = rpn.pre_nms_top_n(), rpn.post_nms_top_n()
        self.nms_thresh, self.min_size = rpn.nms_thresh, rpn.min_size

    def forward(
        self, images: Images, features: Dict[str, Tensor], targets: Optional[Any] = None
    ) -> Any:
        """The proposals of each image, float32 [R, 4], and no losses."""
        logits, deltas = self.head(list(features.values()))
        found = []
        for i, im_info in enumerate(images.image_sizes):
            levels = [
                self.of_level(scores[i : i + 1], shifts[i : i + 1], im_info, anchors)
                for scores, shifts, anchors in zip(logits, deltas, images.anchors)
            ]
            found.append(self.best([rois for rois, _ in levels] + [p for _, p in levels]))
        return found, {}

    def of_level(self, logits: Tensor, deltas: Tensor, im_info: Tensor, anchors: Tensor) -> Any:
        """Rois and scores of one level of one image; its anchors in the order [A, H, W]."""
        count = int(logits.shape[1])
        deltas = deltas.reshape(count, 4, -1).permute(0, 2, 1)
        return caffe2.GenerateProposals(
            logits.reshape(1, -1, 1, 1),
            deltas.reshape(1, -1, 1, 1),
            im_info,
            anchors,
            1.0,
            self.before_nms,
            self.after_nms,
            self.nms_thresh,
            self.min_size,
            *ROTATION,
            PLUS_ONE,
        )

    def best(self, levels: List[Tensor]) -> Tensor:
        last = FIRST_LEVEL + len(levels) // 2 - 1
        rois = caffe2.CollectRpnProposals(levels, last, FIRST_LEVEL, self.after_nms)
        return rois[:, 1:5]


class RegionPool(nn.Module):
    """MultiScaleRoIAlign of one image: RoIAlign on one level, or on four levels, among which
    DistributeFpnProposals shares out the regions and BatchPermutation brings them together."""

    def __init__(self, pool: Any) -> None:
        super().__init__()
        if pool.scales is None:
            raise Unsupported("MultiScaleRoIAlign learns its scales at its first call: call it")
        if len(pool.scales) not in (1, LEVELS):
            raise Unsupported(
                f"DistributeFpnProposals knows {LEVELS} levels, not {len(pool.scales)}"
            )
        self.names, self.size, self.ratio = (
            pool.featmap_names,
            pool.output_size,
            pool.sampling_ratio,
        )
        self.scales = pool.scales
        if len(self.scales) > 1:
            levels = pool.map_levels
            if levels.k_max - levels.k_min != LEVELS - 1:
                raise Unsupported(f"levels {levels.k_min} to {levels.k_max} are not {LEVELS}")
            self.canonical = (
                int(levels.s0),
                int(levels.lvl0),
                int(levels.k_max),
                int(levels.k_min),
            )

    def forward(self, x: Dict[str, Tensor], boxes: List[Tensor], image_shapes: Any) -> Tensor:
        maps = [x[name] for name in self.names if name in x]
        (rois,) = boxes
        rois = torch.cat([rois[:, :1] * 0, rois], dim=1)  # the number of the image in its batch
        if len(maps) == 1:
            return self.align(maps[0], rois, self.scales[0])
        *levels, order = caffe2.DistributeFpnProposals(rois, *self.canonical, PLUS_ONE)
        pooled = [self.align(*level) for level in zip(maps, levels, self.scales)]
        return caffe2.BatchPermutation(torch.cat(pooled), order)

    def align(self, map: Tensor, rois: Tensor, scale: float) -> Tensor:
        return caffe2.RoIAlign(map, rois, "NCHW", scale, *self.size, self.ratio, False)


class Heads(nn.Module):
    """RoIHeads: BBoxTransform decodes the boxes and clips them, BoxWithNMSLimit selects, class 0
    being the background.

    The masks of all classes are answered, and the heatmaps of the keypoints: the mask to show is
    picked, and the keypoints are found, behind the net.
    """

    def __init__(self, heads: Any) -> None:
        super().__init__()
        self.heads = heads

    def forward(
        self,
        features: Dict[str, Tensor],
        proposals: List[Tensor],
        image_shapes: List[Tensor],
        targets: Optional[Any] = None,
    ) -> Any:
        """For each image boxes [R, 4], scores [R], labels float32 [R], and masks [R, C, M, M] or
        heatmaps [R, K, S, S]; no losses."""
        results = []
        for i, (rois, im_info) in enumerate(zip(proposals, image_shapes)):
            of_image = {name: map[i : i + 1] for name, map in features.items()}
            results.append(self.of_image(of_image, rois, im_info))
        return results, {}

    def of_image(self, features: Dict[str, Tensor], rois: Tensor, im_info: Tensor) -> Any:
        heads = self.heads
        pooled = heads.box_head(heads.box_roi_pool(features, [rois], [im_info]))
        logits, deltas = heads.box_predictor(pooled)
        boxes, scores, labels = self.select(logits, deltas, rois, im_info)
        found = {"boxes": boxes, "scores": scores, "labels": labels}
        if heads.has_mask():
            pooled = heads.mask_head(heads.mask_roi_pool(features, [boxes], [im_info]))
            found["masks"] = heads.mask_predictor(pooled).sigmoid()
        if heads.has_keypoint():
            pooled = heads.keypoint_head(heads.keypoint_roi_pool(features, [boxes], [im_info]))
            found.update(self.keypoints(heads.keypoint_predictor(pooled), boxes))
        return found

    def select(self, logits: Tensor, deltas: Tensor, rois: Tensor, im_info: Tensor) -> Any:
        heads = self.heads
        boxes, splits = caffe2.BBoxTransform(
            rois, deltas, im_info, list(heads.box_coder.weights), True, False, *ROTATION, PLUS_ONE
        )
        scores, boxes, labels, *_ = caffe2.BoxWithNMSLimit(
            logits.softmax(-1),
            boxes,
            splits,
            heads.score_thresh,
            heads.nms_thresh,
            heads.detections_per_img,
            *(False, "linear", 0.5, 0.001),  # no soft suppression
            *(False, False),  # neither rotated nor one box for all classes
            *(True, True),  # the background is among the classes, before and after
            PLUS_ONE,
        )
        return boxes, scores, labels

    def keypoints(self, heatmaps: Tensor, boxes: Tensor) -> Dict[str, Tensor]:
        return {"heatmaps": heatmaps}


class HeadsWithKeypoints(Heads):
    """The same, with HeatmapMaxKeypoint. It answers other points than torchvision does, by its
    convention: see `processing.keypoints`."""

    def keypoints(self, heatmaps: Tensor, boxes: Tensor) -> Dict[str, Tensor]:
        return {"keypoints": caffe2.HeatmapMaxKeypoint(heatmaps, boxes, True)}


class KeypointMaps(nn.Module):
    """KeypointRCNNPredictor with its bilinear enlargement as two matrix products, one a side:
    Caffe2's ONNX backend makes every enlargement one by the nearest value, without a word."""

    enlarge: Tensor

    def __init__(self, predictor: Any) -> None:
        super().__init__()
        self.lowres, self.factor = predictor.kps_score_lowres, predictor.up_scale
        self.register_buffer("enlarge", torch.zeros(0))

    def forward(self, x: Tensor) -> Tensor:
        maps = self.lowres(x)
        side = int(maps.shape[-1])
        if len(self.enlarge) != side:
            self.enlarge = nn.functional.interpolate(
                torch.eye(side)[None], scale_factor=self.factor, mode="linear", align_corners=False
            )[0]
        return self.enlarge.t().matmul(maps.matmul(self.enlarge))


class HeadMaps(nn.Module):
    """RetinaNetHead that answers its maps, [N, A C, H, W] and [N, 4 A, H, W] of each level, as the
    convolutions leave them: what is decoded from them is decoded behind the net."""

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.scores, self.boxes = head.classification_head, head.regression_head

    def forward(self, x: List[Tensor]) -> Dict[str, List[Tensor]]:
        return {
            "scores": [self.scores.cls_logits(self.scores.conv(map)) for map in x],
            "deltas": [self.boxes.bbox_reg(self.boxes.conv(map)) for map in x],
        }
