"""What the tests have done inside of the Caffe2 environment: CPython 3.9, torch 1.10.2.

    python inside.py TASK FOLDER        TASK is a function below, FOLDER holds request.json

Answers go into FOLDER: arrays as answer.npz, all else as answer.json.
"""

import importlib
import json
import os
import sys
import time
import warnings

import numpy as np
import torch
from torch import nn

FORMATS = {
    "caffe2": ("netdef", ".json"),
    "torchscript": ("torchscript", ".pt"),
    "onnx": ("onnx", ".onnx"),
}


def model_of(request):
    from safetensors.torch import load_file

    from pytest_export_matrix.addons.caffe2.rename import rename

    module = importlib.import_module("conformance.architectures." + request["architecture"])
    model = module.build(**request["keywords"])
    state = load_file(request["weights"])
    names = rename(list(state))
    model.load_state_dict({names[name]: state[name] for name in state}, strict=True)
    model.caffe2_parts = parts_of(request)
    return model.eval()


def parts_of(request):
    from torchvision.models.detection.roi_heads import RoIHeads

    from pytest_export_matrix.addons.caffe2 import parts

    return {RoIHeads: getattr(parts, request.get("heads", "Heads"))}


def names(request, folder):
    return {"names": list(model_of(request).state_dict())}


def eager(request, folder):
    model = model_of(request)
    return answer_all(
        lambda images: model([torch.from_numpy(image) for image in images]), request, folder
    )


def export(request, folder):
    """Each format in a folder of its own: the convention, or the failure in words."""
    images = [torch.from_numpy(image) for image in cases_of(request)[0]]
    return lower_all(model_of(request), (images,), folder)


def lower_all(model, arguments, folder):
    from pytest_export_matrix.addons.caffe2 import exporter
    from pytest_export_matrix.exporters.context import Context

    captured = exporter.capture(Context(model, arguments, ("[CHW]",), frozenset()))
    answers = {}
    for format, (lower, suffix) in FORMATS.items():
        since = time.monotonic()
        os.makedirs(os.path.join(folder, format))
        path = os.path.join(folder, format, "model" + suffix)
        try:
            convention = getattr(exporter, lower)(captured, path, None)
            answers[format] = {"file": path, "convention": convention}
        except Exception as error:
            answers[format] = {"failure": "{}: {}".format(type(error).__name__, error)}
        answers[format]["seconds"] = time.monotonic() - since
    return answers


def run(request, folder):
    try:
        session = session_of(request["file"])
    except Exception as error:
        return {"failure": "load: {}: {}".format(type(error).__name__, error)}
    return answer_all(lambda images: session.run((images,)), request, folder)


def session_of(file):
    """TorchScript runs in PyTorch 1.10, the others in Caffe2."""
    from pytest_export_matrix.addons.caffe2 import pytorch_1_10, runtime

    return (pytorch_1_10 if file.endswith(".pt") else runtime).Session(file, "cpu", 1)


def plain_torchscript(request, folder):
    """A TorchScript file without Caffe2 operators in the same runtime."""
    path, x = os.path.join(folder, "model.pt"), torch.rand(2, 3)
    module = torch.jit.script(nn.Linear(3, 4))
    module.save(path)
    found = session_of(path).run((x.numpy(),))
    return {"deviation": float(np.abs(found - module(x).detach().numpy()).max())}


def answer_all(model, request, folder):
    arrays, failures = {}, {}
    since = time.monotonic()
    for number, images in enumerate(cases_of(request)):
        try:
            with torch.no_grad():
                answer = model(images)
        except Exception as error:
            failures[number] = "{}: {}".format(type(error).__name__, error)
            continue
        for i, found in enumerate(answer):
            for name, value in found.items():
                arrays["{}.{}.{}".format(number, i, name)] = np.asarray(value)
    np.savez(os.path.join(folder, "answer.npz"), **arrays)
    return {"failures": failures, "seconds": time.monotonic() - since}


def cases_of(request):
    with np.load(request["images"]) as data:
        return [
            [data["{}.{}".format(number, i)] for i in range(count)]
            for number, count in enumerate(request["counts"])
        ]


class Deformable(nn.Module):
    def __init__(self):
        super().__init__()
        from torchvision.ops import DeformConv2d

        self.offsets = nn.Conv2d(3, 18, 3, padding=1)
        self.convolution = DeformConv2d(3, 4, 3, padding=1)

    def forward(self, x):
        return self.convolution(x, self.offsets(x))


@torch.jit.script
def doubled_if_positive(x):
    return x * 2 if bool(x.sum() > 0) else x - 1


class Branches(nn.Module):
    def forward(self, x):
        return doubled_if_positive(x)


class Bilinear(nn.Module):
    def forward(self, x):
        return nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class OfItsOwn(nn.Module):
    """A layer that no part knows, with the replacement that its author gives."""

    class Square(nn.Module):
        def forward(self, x):
            raise NotImplementedError("cannot be exported as it is")

    class SquareOfCaffe2(nn.Module):
        def __init__(self, square):
            super().__init__()

        def forward(self, x):
            return x * x

    def __init__(self):
        super().__init__()
        self.square = self.Square()
        self.caffe2_parts = {self.Square: self.SquareOfCaffe2}

    def forward(self, x):
        return self.square(x)


class Classifier(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * 14 * 14, 5),
        )


def small(request, folder):
    """Export a model of tensors in each format, and run what came of it."""
    torch.manual_seed(0)
    model, x = globals()[request["model"]]().eval(), torch.rand(1, 3, 16, 16)
    answers = lower_all(model, (x,), folder)
    for answer in answers.values():
        if "file" not in answer:
            continue
        try:
            (found,) = session_of(answer["file"]).run((x.numpy(),))
            expected = x * x if request["model"] == "OfItsOwn" else model(x).detach()
            answer["deviation"] = float(np.abs(found - expected.numpy()).max())
        except Exception as error:
            answer["failure"] = "run: {}: {}".format(type(error).__name__, error)
    return answers


def call(request, folder):
    """`Caffe2Model` of one file, called with images of the shapes and dtype asked for."""
    from pytest_export_matrix.addons.caffe2.model import Caffe2Model

    try:
        model = Caffe2Model(request["file"])
        model(
            [
                torch.zeros(*shape, dtype=getattr(torch, request["dtype"]))
                for shape in request["shapes"]
            ]
        )
    except Exception as error:
        return {"failure": "{}: {}".format(type(error).__name__, error)}
    return {}


def keypoint_operator(request, folder):
    """What HeatmapMaxKeypoint finds in heatmaps [R, K, S, S] of boxes [R, 4]."""
    with np.load(request["heatmaps"]) as data:
        maps, boxes = (torch.from_numpy(data[name]) for name in ("maps", "boxes"))
    found = torch.ops._caffe2.HeatmapMaxKeypoint(maps, boxes, True)
    np.savez(os.path.join(folder, "answer.npz"), found=found.numpy())
    return {}


if __name__ == "__main__":
    task, folder = sys.argv[1:]
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with open(os.path.join(folder, "request.json")) as file:
        request = json.load(file)
    answer = globals()[task](request, folder)
    with open(os.path.join(folder, "answer.json"), "w") as file:
        json.dump(answer, file)
