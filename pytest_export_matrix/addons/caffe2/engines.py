"""Who executes a net: Caffe2 a NetDef, Caffe2's ONNX backend an ONNX file, PyTorch TorchScript.

An engine is made from a path and has `about`, the `Description` beside the net, and
`run(inputs)`: arrays by name -> arrays by name.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict, Union

from pytest_export_matrix.addons.caffe2 import ABOUT, DESCRIPTION, INIT, PREDICT
from pytest_export_matrix.addons.caffe2.description import Description, NetFile
from pytest_export_matrix.worker import dataclass_json

Arrays = Dict[str, Any]


class BrokenFile(ValueError):
    """A file that does not hold what was written."""


class NetDef:
    """init_net.pb and predict_net.pb of a folder, in a workspace of Caffe2."""

    def __init__(self, folder: str) -> None:
        from caffe2.python import workspace

        with open(os.path.join(folder, ABOUT), "rb") as file:
            self.about = described(file.read(), ABOUT)
        content = read_nets(folder, self.about.files or {})
        init, self.net = (parse(content[name], name) for name in (INIT, PREDICT))
        self.workspace = workspace
        workspace.ResetWorkspace()
        workspace.RunNetOnce(init)
        self.created = False

    def run(self, inputs: Arrays) -> Arrays:
        for name, array in inputs.items():
            self.workspace.FeedBlob(name, array)
        if not self.created:
            self.workspace.CreateNet(self.net)
            self.created = True
        self.workspace.RunNet(self.net.name)
        return filled({name: self.workspace.FetchBlob(name) for name in self.about.outputs})


def filled(outputs: Arrays) -> Arrays:
    """`outputs`, each of which is an array. Of a blob that holds no tensor Caffe2 gives bytes that
    describe it."""
    empty = [name for name, value in outputs.items() if isinstance(value, bytes)]
    if empty:
        raise RuntimeError(f"Caffe2 left without a value: {', '.join(empty)}")
    return outputs


def described(text: Union[str, bytes], place: str) -> Description:
    """The description that `text`, which stands at `place`, is.

    Raises BrokenFile where it is none, saying what is wrong with it.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BrokenFile(f"{place} is no JSON: {error}") from None
    try:
        return dataclass_json.read(Description, data, place)
    except (TypeError, ValueError) as error:
        raise BrokenFile(f"{place} describes no net: {error}") from None


def read_nets(folder: str, files: Dict[str, NetFile]) -> Dict[str, bytes]:
    """The content of both nets, which is what was written.

    Raises BrokenFile where they are swapped, truncated or changed. Caffe2 would run a net without
    its last operators and complain of a blob that is not there.
    """
    if set(files) != {INIT, PREDICT}:
        raise BrokenFile(f"{ABOUT}.files is of {sorted(files)}, expected {INIT} and {PREDICT}")
    content = {}
    for name in (INIT, PREDICT):
        with open(os.path.join(folder, name), "rb") as file:
            content[name] = file.read()
    written = {facts.sha256: name for name, facts in files.items()}
    for name, found in content.items():
        really = written.get(hashlib.sha256(found).hexdigest())
        if really is None:
            expected = files[name].bytes
            how = "truncated" if len(found) < expected else "changed"
            raise BrokenFile(f"{name} is {how}: {len(found)} bytes, {expected} were written")
        if really != name:
            raise BrokenFile(f"{name} holds what {really} should: the two nets are swapped")
    return content


def parse(content: bytes, name: str) -> Any:
    from caffe2.proto import caffe2_pb2

    net = caffe2_pb2.NetDef()
    net.ParseFromString(content)
    return net


class OnnxFile:
    """An ONNX file in Caffe2's ONNX backend."""

    def __init__(self, path: str) -> None:
        import onnx

        from pytest_export_matrix.addons.caffe2.convert import caffe2_backend

        model = onnx.load(path)
        texts = {entry.key: entry.value for entry in model.metadata_props}
        found = texts.get(DESCRIPTION)
        self.about = described(found, DESCRIPTION) if found else of_tensors(model.graph)
        self.net = caffe2_backend().prepare(model, device="CPU")

    def run(self, inputs: Arrays) -> Arrays:
        return filled(dict(zip(self.about.outputs, self.net.run(inputs))))


def of_tensors(graph: Any) -> Description:
    """The description of an ONNX file that something else has made: from tensors to tensors."""
    weights = {value.name for value in graph.initializer}
    return Description(
        kind="plain",
        inputs=[value.name for value in graph.input if value.name not in weights],
        outputs=[value.name for value in graph.output],
    )


class TorchScript:
    """A TorchScript file in PyTorch, whose library has the Caffe2 operators."""

    def __init__(self, path: str) -> None:
        import torch

        extra = {DESCRIPTION: ""}
        self.module = torch.jit.load(path, map_location="cpu", _extra_files=extra)
        if not extra[DESCRIPTION]:
            raise BrokenFile(f"no {DESCRIPTION} among the extra files of {os.path.basename(path)}")
        self.about = described(extra[DESCRIPTION], DESCRIPTION)

    def run(self, inputs: Arrays) -> Arrays:
        import torch

        with torch.no_grad():
            outputs = self.module(*(torch.from_numpy(array) for array in inputs.values()))
        return {name: value.numpy() for name, value in zip(self.about.outputs, outputs)}
