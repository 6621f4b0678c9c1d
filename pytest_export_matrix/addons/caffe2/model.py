"""A converted model that is called like the PyTorch model."""

from __future__ import annotations

import os
from typing import Any, Dict, Sequence

from pytest_export_matrix.addons.caffe2.description import Description
from pytest_export_matrix.addons.caffe2.engines import NetDef, OnnxFile, TorchScript
from pytest_export_matrix.runtimes.onnxruntime import feeds

#: What executes a file, by its suffix; a folder, or the description inside of it, is a NetDef.
ENGINES: Dict[str, Any] = {".onnx": OnnxFile, ".pt": TorchScript}


def _engine(path: str) -> Any:
    """The file in the engine that executes its kind."""
    suffix = os.path.splitext(path)[1]
    if suffix in ENGINES:
        return ENGINES[suffix](path)
    return NetDef(path if os.path.isdir(path) else os.path.dirname(path))


class Caffe2Model:
    """A detector: list of images, float32 [3, height, width] in 0..1, to list of detections.

        model = Caffe2Model("folder")      # model.json, init_net.pb, predict_net.pb
        boxes = model([image])[0]["boxes"]

    Images and answers are torch tensors, or numpy arrays on the way in. A model of tensors is
    called with its tensors, one by one, and answers a tuple. A net was made for a number of images:
    called with another, this raises ValueError. `engine` executes the net in the place of the one
    that is for such files.
    """

    def __init__(self, path: str, engine: Any = None) -> None:
        self.engine = engine or _engine(os.fspath(path))
        self.about: Description = self.engine.about

    def __call__(self, *arguments: Any) -> Any:
        if self.about.kind == "plain":
            return self._tensors(arguments)
        (images,) = arguments
        return self._detections(images)

    def _detections(self, images: Sequence[Any]) -> Any:
        from pytest_export_matrix.addons.caffe2 import processing

        batch = processing.prepare(images, self.about)
        outputs = self.engine.run(batch.inputs)
        return processing.detections(outputs, batch, self.about)

    def _tensors(self, tensors: Sequence[Any]) -> Any:
        import torch

        given = feeds(self.about.inputs, tensors)
        arrays = {name: torch.as_tensor(value).numpy() for name, value in given.items()}
        outputs = self.engine.run(arrays)
        return tuple(torch.as_tensor(outputs[name]) for name in self.about.outputs)
