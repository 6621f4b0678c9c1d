"""Run what detectron2 of 2021 has exported, in the environment that holds it.

Caffe2Model pads images, runs a NetDef, and postprocesses. It takes only NetDefs: for TorchScript of
Caffe2Tracer, this module calls the same functions of detectron2. It imports nothing that imports
torchvision, so that a cell shows whether its file needs it.
https://detectron2.readthedocs.io/en/latest/modules/export.html#detectron2.export.Caffe2Model
"""

from __future__ import annotations

import base64
import os
from typing import Any, Callable, Dict, List

import torch

from pytest_export_matrix.addons.caffe2 import libtorch_1_10, pytorch_1_10, runtime
from pytest_export_matrix.addons.detectron2 import ABOUT
from pytest_export_matrix.addons.detectron2.outputs import in_dicts
from pytest_export_matrix.runtimes import pytorch
from pytest_export_matrix.vocabulary.pytrees import map_leaves


class Caffe2Session(runtime.Session):
    """A NetDef in Caffe2Model."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        torch.set_num_threads(threads)
        load_operators()
        from detectron2.export import Caffe2Model

        self.model = Caffe2Model.load_protobuf(os.path.dirname(path))

    def run(self, arguments: Any) -> Any:
        with torch.no_grad():
            return _arrays(self.model(_inputs(arguments)))


class PyTorchSession:
    """TorchScript in PyTorch 1.10, from Caffe2Tracer or any other exporter."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        about = pytorch_1_10.description(path, ABOUT)
        if about:
            torch.set_num_threads(threads)
            load_operators()
            self.run = around(about, torch.jit.load(path, map_location="cpu"))
        else:
            self.run = pytorch.Session(path, device, threads).run

    problem = staticmethod(runtime.Session.problem)


class LibtorchSession(libtorch_1_10.Session):
    """The same files in C++. The worker does what detectron2 does before and after a net."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        about = pytorch_1_10.description(words[0], ABOUT)
        self._detect = around(about, self._net) if about else super().run

    def run(self, arguments: Any) -> Any:
        return self._detect(arguments)

    def _net(self, tensors: Any) -> Any:
        arrays = tuple(tensor.numpy() for tensor in tensors)
        return [torch.from_numpy(array) for array in super().run((arrays,))]


def around(about: Dict[str, Any], net: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function from images to detections, all arrays, around a net of Caffe2Tracer.

    net: called with the tuple of the padded images, float32 [N, 3, height, width], and `im_info`,
    float32 [N, 3]; it returns the tensors that `about` names.
    """
    load_operators()
    from caffe2.proto import caffe2_pb2
    from detectron2.export.caffe2_modeling import (
        META_ARCH_CAFFE2_EXPORT_TYPE_MAP,
        convert_batched_inputs_to_c2_format,
    )

    described = caffe2_pb2.NetDef()
    described.ParseFromString(base64.b64decode(about["net"]))
    architecture = META_ARCH_CAFFE2_EXPORT_TYPE_MAP[about["meta_architecture"]]
    convert = architecture.get_outputs_converter(described, None)

    def run(arguments: Any) -> Any:
        inputs = _inputs(arguments)
        tensors = convert_batched_inputs_to_c2_format(inputs, about["size_divisibility"], "cpu")
        with torch.no_grad():
            found = dict(zip(about["outputs"], net(tensors)))
            return _arrays(convert(inputs, tensors, found))

    return run


def load_operators() -> None:
    """Load Caffe2's operators. From here on, detectron2 and Caffe2 also find onnx.optimizer."""
    from pytest_export_matrix.addons.caffe2.convert import caffe2_backend

    caffe2_backend()


def _inputs(arguments: Any) -> List[Dict[str, Any]]:
    (images,) = arguments
    return [{"image": torch.from_numpy(image)} for image in images]


def _arrays(answer: Any) -> Any:
    return map_leaves(lambda tensor: tensor.detach().numpy(), in_dicts(answer))
