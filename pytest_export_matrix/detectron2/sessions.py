"""Who runs what detectron2 of 2021 has exported, in the environment that holds it.

Caffe2Model pads images, runs a NetDef, and postprocesses. It is made for NetDefs alone: for
TorchScript of Caffe2Tracer the same functions of detectron2 are called here. Nothing that brings
torchvision along is imported before: which files need it is what is found out.
https://detectron2.readthedocs.io/en/latest/modules/export.html#detectron2.export.Caffe2Model
"""

from __future__ import annotations

import base64
import json
import os
import zipfile
from typing import Any, Dict, List

import torch

from pytest_export_matrix.detectron2 import ABOUT
from pytest_export_matrix.detectron2.outputs import in_dicts
from pytest_export_matrix.runtimes import caffe2, pytorch
from pytest_export_matrix.trees import map_leaves


class Caffe2Session(caffe2.Session):
    """A NetDef in Caffe2Model."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        torch.set_num_threads(threads)
        self.model = self.load(path)

    def load(self, path: str) -> Any:
        from pytest_export_matrix.caffe2.convert import caffe2_backend

        caffe2_backend()  # detectron2 looks for onnx.optimizer as Caffe2 does
        from detectron2.export import Caffe2Model

        return Caffe2Model.load_protobuf(os.path.dirname(path))

    def run(self, arguments: Any) -> Any:
        (images,) = arguments
        with torch.no_grad():
            answer = self.model([{"image": torch.from_numpy(image)} for image in images])
        return map_leaves(lambda tensor: tensor.numpy(), in_dicts(answer))


class OfCaffe2Tracer(Caffe2Session):
    """TorchScript of Caffe2Tracer."""

    def load(self, path: str) -> Any:
        from pytest_export_matrix.caffe2.convert import caffe2_backend

        caffe2_backend()
        from caffe2.proto import caffe2_pb2
        from detectron2.export.caffe2_modeling import (
            META_ARCH_CAFFE2_EXPORT_TYPE_MAP,
            convert_batched_inputs_to_c2_format,
        )

        extra = {ABOUT: ""}
        module = torch.jit.load(path, map_location="cpu", _extra_files=extra)
        about = json.loads(extra[ABOUT])
        net = caffe2_pb2.NetDef()
        net.ParseFromString(base64.b64decode(about["net"]))
        architecture = META_ARCH_CAFFE2_EXPORT_TYPE_MAP[about["meta_architecture"]]
        convert = architecture.get_outputs_converter(net, None)

        def model(inputs: List[Dict[str, Any]]) -> Any:
            tensors = convert_batched_inputs_to_c2_format(inputs, about["size_divisibility"], "cpu")
            return convert(inputs, tensors, dict(zip(about["outputs"], module(tensors))))

        return model


class PyTorchSession:
    """TorchScript in PyTorch 1.10, of Caffe2Tracer or as it is."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        session = OfCaffe2Tracer if _is_of_caffe2_tracer(path) else pytorch.Session
        self.session: Any = session(path, device, threads)

    def run(self, arguments: Any) -> Any:
        return self.session.run(arguments)

    problem = staticmethod(caffe2.Session.problem)


def _is_of_caffe2_tracer(path: str) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith(f"/extra/{ABOUT}") for name in archive.namelist())
