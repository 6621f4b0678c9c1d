"""Export with detectron2's Caffe2Tracer.

Its files take padded images and `im_info`, and return the raw outputs of layers. detectron2's own
code pads before and postprocesses after them; see `sessions`.
https://detectron2.readthedocs.io/en/latest/modules/export.html#detectron2.export.Caffe2Tracer
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from pytest_export_matrix.addons.caffe2.convert import caffe2_backend
from pytest_export_matrix.addons.detectron2 import ABOUT
from pytest_export_matrix.exporters.context import STRUCTURED, Context


def capture(context: Context) -> Any:
    """A Caffe2Tracer. Raises ValueError for a model with raw outputs: Caffe2Model returns only
    postprocessed ones."""
    caffe2_backend()  # detectron2 looks for onnx.optimizer as Caffe2 does
    from detectron2.export import Caffe2Tracer, add_export_config

    detector, (images,) = context.model, context.arguments
    if detector.raw:
        raise ValueError("what Caffe2Tracer exports is postprocessed when Caffe2Model runs it")
    inputs = [{"image": image} for image in images]
    return Caffe2Tracer(add_export_config(detector.cfg.clone()), detector.model, inputs)


def netdef(captured: Any, path: str, context: Context) -> str:
    """model.pb and model_init.pb, in the folder of `path`."""
    captured.export_caffe2().save_protobuf(os.path.dirname(path))
    return STRUCTURED


def onnx(captured: Any, path: str, context: Context) -> str:
    import onnx

    onnx.save(captured.export_onnx(), path)
    return STRUCTURED


def torchscript(captured: Any, path: str, context: Context) -> str:
    """Write a TorchScript file. An extra file in it holds what Caffe2Model reads from a NetDef: the
    names of the outputs, and what `encode_additional_info` says about the model."""
    from caffe2.proto import caffe2_pb2

    traceable, net = captured.traceable_model, caffe2_pb2.NetDef()
    traceable.encode_additional_info(net, None)
    about = {
        "meta_architecture": context.model.cfg.MODEL.META_ARCHITECTURE,
        "size_divisibility": context.model.model.backbone.size_divisibility,
        "net": base64.b64encode(net.SerializeToString()).decode("ascii"),
        "outputs": list(captured.export_caffe2().predict_net.external_output),
    }
    captured.export_torchscript().save(path, _extra_files={ABOUT: json.dumps(about)})
    return STRUCTURED
