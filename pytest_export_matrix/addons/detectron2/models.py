"""Models of detectron2's zoo as detectors under test: list of images in, list of dicts out.

This needs detectron2. `Instances` that a model answers become dicts of tensors, under the names
that other detectors use.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from detectron2 import model_zoo
from detectron2.config import CfgNode, get_cfg, instantiate
from detectron2.modeling import (
    PanopticFPN,
    ProposalNetwork,
    RetinaNet,
    SemanticSegmentor,
    build_model,
)
from torch import Tensor, nn

from pytest_export_matrix.addons.detectron2.outputs import in_dicts
from pytest_export_matrix.samples.calibration import normalise, patterned
from pytest_export_matrix.samples.pictures import PICTURES, pictures
from pytest_export_matrix.samples.thresholds import clear_threshold

#: Settings that turn the zoo's Mask R-CNN into a PointRend: the project's own configurations are
#: not installed.
POINTREND: Tuple[Any, ...] = (
    *("MODEL.MASK_ON", True, "MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES", True),
    *("MODEL.ROI_MASK_HEAD.POOLER_TYPE", "", "MODEL.ROI_MASK_HEAD.NAME", "PointRendMaskHead"),
    *("MODEL.ROI_MASK_HEAD.POINT_HEAD_ON", True, "INPUT.MASK_FORMAT", "bitmask"),
)
#: A tenth of the width, and few proposals: a small model shows the errors of an export as well.
SLIM: Dict[str, Any] = {
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 64,
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 32,
    "MODEL.FPN.OUT_CHANNELS": 64,
    "MODEL.RPN.PRE_NMS_TOPK_TEST": 60,
    "MODEL.RPN.POST_NMS_TOPK_TEST": 24,
    "MODEL.ROI_HEADS.NUM_CLASSES": 4,
    "MODEL.ROI_HEADS.NMS_THRESH_TEST": 0.3,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 128,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": 32,
    "MODEL.ROI_MASK_HEAD.NUM_CONV": 2,
    "MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS": (32, 32),
    "MODEL.RETINANET.NUM_CLASSES": 4,
    "MODEL.RETINANET.NUM_CONVS": 2,
    "MODEL.SEM_SEG_HEAD.NUM_CLASSES": 6,
    "MODEL.SEM_SEG_HEAD.CONVS_DIM": 32,
    "MODEL.ROI_MASK_HEAD.FC_DIM": 128,
    "MODEL.POINT_HEAD.FC_DIM": 32,
    "MODEL.POINT_HEAD.NUM_CLASSES": 4,
    "MODEL.POINT_HEAD.SUBDIVISION_STEPS": 3,
}
#: Standard deviations of the outputs of the heads' last layers, by the end of the layer's name.
SPREADS = {
    "cls_score": 2.0,
    "cls_score.0": 2.0,
    "bbox_pred": 0.5,
    "anchor_deltas": 0.2,
    "mask_head.predictor": 2.0,
    "score_lowres": 2.0,
}
#: (height, width) of the pictures that a model is calibrated on.
SIZES = ((224, 256), (256, 224), (192, 320), (320, 320))
#: The steps in which contrast is added while something is still found in the flat picture.
STEP, FURTHER_STEPS = 4.0, 5
FLAT = PICTURES.index("flat")
#: The attribute for how many detections of an image are kept: in the box head, and in RetinaNet.
KEPT = ("test_topk_per_image", "max_detections_per_image")
#: The ranks of a picture's scores between which the threshold is set: a few detections are left.
RANKS = (6, 24)


class Detector(nn.Module):
    """A model of detectron2 that takes images, float32 [3, height, width], BGR in 0..255.

    raw: it returns the outputs of the network, as an export without postprocessing does: boxes that
    are not clipped, masks [K, 1, 28, 28], and from a panoptic model the logits of the semantic
    head. (Models of only proposals or only semantic maps always postprocess.) Otherwise it returns
    what `model(inputs)` answers.
    """

    def __init__(self, model: nn.Module, cfg: Any, raw: bool) -> None:
        super().__init__()
        self.model, self.cfg, self.raw = model, cfg, raw

    def forward(self, images: List[Tensor]) -> List[Dict[str, Tensor]]:
        inputs = [{"image": image} for image in images]
        return in_dicts(answer(self.model, inputs) if self.raw else self.model(inputs))


def answer(model: Any, inputs: List[Dict[str, Tensor]]) -> Any:
    """The answer without postprocessing, in detectron2's types."""
    if isinstance(model, (ProposalNetwork, SemanticSegmentor)):
        return model(inputs)  # one function does all of it
    if isinstance(model, RetinaNet):  # it cannot switch postprocessing off
        images = model.preprocess_image(inputs)
        features = model.backbone(images.tensor)
        features = [features[name] for name in model.head_in_features]
        return model.forward_inference(images, features, model.head(features))
    found = model.inference(inputs, do_postprocess=False)
    if isinstance(model, PanopticFPN):
        return [{"instances": each, "sem_seg": map} for each, map in zip(*found)]
    return found


def build(
    config: str,
    raw: bool = False,
    slim: bool = True,
    seed: int = 0,
    bias: float = 0.0,
    contrast: float = 4.0,
    most: Optional[int] = None,
) -> Detector:
    """The model of a configuration of the zoo, with random weights that tell pictures apart.

    config: a path as `model_zoo.get_config` takes it, or "PointRend/pointrend_rcnn_R_50_FPN".
    seed: of the weights. bias: added to the logits of the classes; both were found by trying.
    contrast: how much lower the logits are in a flat picture; it is raised where it is not enough.
    most: how many detections of an image are kept, instead of the configuration's number.
    """
    cfg = configuration(config, slim)
    torch.manual_seed(seed)
    model = build_model(cfg) if isinstance(cfg, CfgNode) else instantiate(cfg.model)
    detector = Detector(model.eval(), cfg, raw=False)
    names = [name for name, _ in detector.named_modules()]
    spreads = {
        name: spread
        for name in names
        for end, spread in SPREADS.items()
        if name.endswith("." + end)
    }
    normalise(detector, [_patterned()], spreads)
    with torch.no_grad():
        if isinstance(cfg, CfgNode):
            _tell_flat_apart(detector, contrast, bias)
        _set_threshold(detector)
        for _ in range(FURTHER_STEPS):
            if not _classifiers(model) or not len(_scores(detector, FLAT)):
                break
            _tell_flat_apart(detector, STEP, bias=0.0)
            _set_threshold(detector)
    for owner, _, _ in _classifiers(model) if most else ():
        setattr(owner, KEPT[isinstance(owner, RetinaNet)], most)
    detector.raw = raw
    return detector


def configuration(config: str, slim: bool) -> Any:
    """The configuration: a `CfgNode`, or, from a Python file, a lazy one, which is never slim."""
    if config.startswith("PointRend/"):
        from detectron2.projects import point_rend

        cfg = get_cfg()
        point_rend.add_pointrend_config(cfg)
        cfg.merge_from_file(
            model_zoo.get_config_file("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml")
        )
        cfg.merge_from_list(list(POINTREND))
        cfg.MODEL.ROI_MASK_HEAD.IN_FEATURES = ["p2"]
    else:
        cfg = model_zoo.get_config(config)
    if not isinstance(cfg, CfgNode):
        return cfg
    cfg.MODEL.DEVICE, cfg.MODEL.WEIGHTS = "cpu", ""
    # The zoo's models see images enlarged to 800 pixels. Here they are not, so objects are smaller.
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = [
        [side / 2 for side in level] for level in cfg.MODEL.ANCHOR_GENERATOR.SIZES
    ]
    if slim:
        cfg.merge_from_list([part for item in _narrowed(cfg).items() for part in item])
    return cfg


def _narrowed(cfg: Any) -> Dict[str, Any]:
    known = {name: value for name, value in SLIM.items() if _has(cfg, name)}
    resnet = cfg.MODEL.RESNETS
    least = 32 if resnet.NORM == "GN" else 16  # detectron2 normalises in 32 groups
    return {**known, "MODEL.RESNETS.WIDTH_PER_GROUP": max(1, least // resnet.NUM_GROUPS)}


def _has(cfg: Any, name: str) -> bool:
    for part in name.split("."):
        if part not in cfg:
            return False
        cfg = cfg[part]
    return True


def _classifiers(model: Any) -> List[Tuple[Any, Any, slice]]:
    """For each stage: the owner of the score threshold, the layer of the logits, and its channels
    that belong to classes. Empty for a model of only proposals."""
    if isinstance(model, RetinaNet):
        return [(model, model.head.cls_score, slice(None))]
    if not hasattr(model, "roi_heads"):
        return []
    found = model.roi_heads.box_predictor
    stages = list(found) if isinstance(found, nn.ModuleList) else [found]
    return [(each, each.cls_score, slice(-1)) for each in stages]


def _tell_flat_apart(detector: Detector, contrast: float, bias: float) -> None:
    """Move the logits of the classes by `bias`, and by -`contrast` more where a picture shows
    nothing: along the line from the mean features of flat pictures to those of patterned ones."""
    for _, layer, channels in _classifiers(detector.model):
        patterns = _features(detector, layer, _patterned()).mean(0)
        way = patterns - _features(detector, layer, _flat(detector)).mean(0)
        direction = contrast * way / (way @ way)
        weight = layer.weight[channels]
        if weight.ndim == 4:
            weight = weight[:, :, 1, 1]  # of a 3 x 3 kernel the centre is enough
        weight.add_(direction)
        layer.bias[channels].add_(bias - patterns @ direction)


def _patterned() -> List[Tensor]:
    return [image * 255 for image in patterned(SIZES)]


def _flat(detector: Detector) -> List[Tensor]:
    mean = torch.tensor(detector.cfg.MODEL.PIXEL_MEAN)
    return [mean[:, None, None].repeat(1, *size) for size in SIZES]


def _features(detector: Detector, layer: nn.Module, images: List[Tensor]) -> Tensor:
    """The inputs of a layer: [positions, channels]."""
    calls: List[Tensor] = []
    hook = layer.register_forward_pre_hook(
        lambda _, inputs: calls.append(inputs[0].transpose(0, 1).flatten(1).t())
    )
    detector(images)
    hook.remove()
    return torch.cat(calls)


def _set_threshold(detector: Detector) -> None:
    """Set a score threshold that fits the weights."""
    owners = [owner for owner, _, _ in _classifiers(detector.model)]
    if not owners:
        return
    for owner in owners:
        owner.test_score_thresh = 0.0
    threshold = clear_threshold([_scores(detector, i) for i in range(len(PICTURES))], RANKS)
    if threshold is not None:
        for owner in owners:
            owner.test_score_thresh = threshold


def _scores(detector: Detector, seed: int) -> Tensor:
    """The scores of one picture, the best first."""
    return detector(*images(SIZES[:1], seed))[0]["scores"].sort(descending=True)[0]


def images(sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[List[Tensor]]:
    """The arguments of a `Detector`: the default pictures, BGR in 0..255."""
    return ([torch.from_numpy(each[::-1].copy()) * 255 for each in pictures(sizes, seed)],)
