"""A converted model that is called like the PyTorch model."""

from __future__ import annotations

import os
from typing import Any, Sequence

from pytest_export_matrix.caffe2.engines import NetDef, OnnxFile, TorchScript

#: What executes a file, by its suffix; a folder, or the description inside of it, is a NetDef.
ENGINES = {".onnx": OnnxFile, ".pt": TorchScript}


class Caffe2Model:
    """A detector: list of images, float32 [3, height, width] in 0..1, to list of detections.

        model = Caffe2Model("folder")      # model.json, init_net.pb, predict_net.pb
        boxes = model([image])[0]["boxes"]

    Images and answers are torch tensors, or numpy arrays on the way in. A model of tensors is
    called with its tensors, one by one, and answers a tuple. A net was made for a number of images:
    called with another, this raises ValueError.
    """

    def __init__(self, path: str) -> None:
        path = os.fspath(path)
        engine: Any = ENGINES.get(os.path.splitext(path)[1])
        if engine is None:
            engine, path = NetDef, path if os.path.isdir(path) else os.path.dirname(path)
        self.engine = engine(path)
        self.about = self.engine.about

    def __call__(self, *arguments: Any) -> Any:
        if self.about["kind"] == "plain":
            return self._tensors(arguments)
        (images,) = arguments
        return self._detections(images)

    def _detections(self, images: Sequence[Any]) -> Any:
        from pytest_export_matrix.caffe2 import processing

        batch = processing.prepare(images, self.about)
        outputs = self.engine.run(batch.inputs)
        return processing.detections(outputs, batch, self.about)

    def _tensors(self, tensors: Sequence[Any]) -> Any:
        import torch

        names = self.about["inputs"]
        if len(tensors) != len(names):
            raise ValueError(f"the net takes {len(names)} inputs, {len(tensors)} given")
        arrays = {name: torch.as_tensor(value).numpy() for name, value in zip(names, tensors)}
        outputs = self.engine.run(arrays)
        return tuple(torch.as_tensor(outputs[name]) for name in self.about["outputs"])
