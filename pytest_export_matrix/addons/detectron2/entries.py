"""What a project registers to have detectron2 itself under test.

    from pytest_export_matrix.addons.detectron2.entries import entries

    def pytest_export_matrix_register(registry):
        for entry in entries():
            registry.add(entry)

Each configuration makes two models: one with the postprocessed outputs of `model(inputs)`, and one
(`_raw`) with the outputs of its network, as scripting and detectron2's own example of tracing give
them. They are built and answer in the environment that has detectron2:

    detectron2_0_6   v0.6 of October 2021 with torch 1.10.2, the last one with Caffe2 in it
    detectron2       the current one with the current torch

Methods have the names of the functions of detectron2 that carry them out: `tracing_adapter`,
`scripting_with_instances`. In v0.6 they end in `_0_6`, as in `caffe2_tracer_0_6`. The current one
has `detectron2_torch_export` as well, of models as they are and prepared for it by `torch_export`.
"""

from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from pytest_export_matrix.addons.caffe2.entries import PYTHON, TORCH_1_10
from pytest_export_matrix.addons.detectron2.zoo import (
    DETECTIONS,
    PANOPTIC,
    REPRESENTATIVE,
    SEMANTIC,
    Model,
)
from pytest_export_matrix.compare import Detections, Panoptic, Tensors
from pytest_export_matrix.runtimes.cmake import COMMANDS
from pytest_export_matrix.vocabulary.entries import (
    DEFAULT,
    Architecture,
    Entry,
    Environment,
    Exporter,
    OutputKind,
    Reporter,
    Runtime,
)

FAMILY = "detectron2"
#: Variables that say where detectron2 comes from, unless `entries` is told: a folder, a URL of git
#: or a requirement, as pip takes them; or `INSTALLED`.
VARIABLE, VARIABLE_0_6 = "EXPORT_MATRIX_DETECTRON2", "EXPORT_MATRIX_DETECTRON2_0_6"
_GIT = "git+https://github.com/facebookresearch/detectron2"
SOURCE, SOURCE_0_6 = f"detectron2 @ {_GIT}", f"detectron2 @ {_GIT}@v0.6"
#: The method of that name for detectron2's models, in the environment that has them.
TORCH_EXPORT = "detectron2_torch_export"
#: The source that stands for the environment of pytest itself.
INSTALLED = "installed"

_HERE = "pytest_export_matrix.addons.detectron2"
_SHARED = ("iopath==0.1.9", "fvcore==0.1.5.post20221221", "hydra-core==1.3.2", "cloudpickle")
#: What the current detectron2 needs; its setup.py imports torch, and pkg_resources does its zoo.
_REQUIREMENTS = (
    *("torch", "torchvision", "onnx", "onnxscript", "numpy", "safetensors", "packaging"),
    *("setuptools<81", "wheel", "ninja", "scikit-learn", "pillow", "opencv-python-headless"),
    *("matplotlib", "pycocotools", "omegaconf", *_SHARED),
)
_REQUIREMENTS_0_6 = (
    *TORCH_1_10,
    *(
        "wheel",
        "ninja",
        "scikit-learn==1.3.2",
        "Pillow==9.5.0",
        "matplotlib==3.7.5",
        "pycocotools==2.0.7",
        "omegaconf==2.3.0",
    ),
    *("opencv-python-headless==4.8.1.78", *_SHARED),
)


#: A mask that is pasted into its picture is cut at one half, so rounding decides about single
#: pixels. One pixel is 0.25 % of a mask of 20 x 20. The same holds for panoptic segments.
_PASTED = 0.99
#: By what a model answers: the output kinds of `model(inputs)`, and of its network. The network of
#: a panoptic model gives no panoptic map; the postprocessing merges it.
OUTPUTS: Mapping[str, Tuple[OutputKind, OutputKind]] = {
    DETECTIONS: (Detections(mask_iou=_PASTED), Detections()),
    PANOPTIC: (Panoptic(mask_iou=_PASTED), Panoptic(merged=False)),
    SEMANTIC: (Tensors(), Tensors()),
}


def entries(
    source: Optional[str] = None,
    source_0_6: Optional[str] = None,
    models: Mapping[str, Model] = REPRESENTATIVE,
) -> List[Entry]:
    """The entries of both environments. The source "" leaves an environment out.

    A source that is None is taken from EXPORT_MATRIX_DETECTRON2 or EXPORT_MATRIX_DETECTRON2_0_6, if
    they are set.
    """
    source = os.environ.get(VARIABLE, SOURCE) if source is None else source
    source_0_6 = os.environ.get(VARIABLE_0_6, SOURCE_0_6) if source_0_6 is None else source_0_6
    found: List[Entry] = []
    if source:
        installed = source == INSTALLED
        name = DEFAULT if installed else FAMILY
        if not installed:
            found.append(
                Environment(name, python="3.11", requirements=_REQUIREMENTS, afterwards=(source,))
            )
        prepared = {TORCH_EXPORT: f"{_HERE}.torch_export:prepare"}
        found += _architectures(FAMILY, FAMILY, name, models, prepared)
        found += _exporters("", FAMILY, name, "onnx")
        found += _of_torch_export(name)
    if source_0_6:
        name = f"{FAMILY}_0_6"
        found.append(
            Environment(
                name, python=PYTHON, requirements=_REQUIREMENTS_0_6, afterwards=(source_0_6,)
            )
        )
        found += _architectures(name, name, name, models, {})
        found += _exporters("_0_6", name, name, "onnx_in_torch_1")
        found += _of_caffe2(name)
    return [
        *found,
        Reporter(FAMILY, "beside_detectron2.md", f"{_HERE}.published:render"),
        Reporter("configurations", "configurations.md", f"{_HERE}.configurations:render"),
    ]


def _architectures(
    prefix: str,
    family: str,
    environment: str,
    models: Mapping[str, Model],
    preparations: Mapping[str, str],
) -> List[Entry]:
    return [
        Architecture(
            f"{prefix}_{name}{'_raw' if raw else ''}",
            build=f"{_HERE}.models:build",
            inputs=f"{_HERE}.models:images",
            outputs=OUTPUTS[model.answers][int(raw)],
            adversarial=model.adversarial,
            layout="[CHW]",
            sizes=((224, 256), (160, 192)),
            keywords={"config": model.config, "raw": raw, **model.keywords},
            profiles={"slim": {"slim": True}, "full": {"slim": False}},
            environment=environment,
            family=family,
            preparations=preparations,
        )
        for name, model in models.items()
        for raw in (False, True)
    ]


def _exporters(ending: str, family: str, environment: str, onnx: str) -> List[Entry]:
    tracing, scripting = f"{_HERE}.tracing", f"{_HERE}.scripting"
    common: Any = {"modules": ("torch", "detectron2"), "environment": environment}
    common["family"] = family
    method = f"tracing_adapter{ending}"
    return [
        Exporter(
            method,
            "torchscript",
            capture=f"{tracing}:trace",
            lower=f"{tracing}:save",
            suffix=".pt",
            **common,
        ),
        Exporter(
            method,
            "onnx",
            capture=f"{tracing}:flat",
            lower=f"{tracing}:{onnx}",
            suffix=".onnx",
            declares=("resolution",),
            **common,
        ),
        Exporter(
            f"scripting_with_instances{ending}",
            "torchscript",
            capture=f"{scripting}:script",
            lower=f"{scripting}:save",
            suffix=".pt",
            needs_inputs=False,
            **common,
        ),
    ]


def _of_torch_export(environment: str) -> List[Entry]:
    module, modules = "pytest_export_matrix.exporters.torch_export", ("torch", "detectron2")
    common: Any = {"environment": environment, "family": FAMILY}
    common["declares"] = ("resolution", "batch")
    return [
        Exporter(
            TORCH_EXPORT,
            "pt2",
            capture=f"{module}:capture",
            lower=f"{module}:save",
            suffix=".pt2",
            modules=modules,
            **common,
        ),
        Exporter(
            TORCH_EXPORT,
            "onnx",
            capture=f"{module}:onnx_call",
            lower=f"{module}:onnx",
            suffix=".onnx",
            modules=(*modules, "onnx", "onnxscript"),
            **common,
        ),
    ]


def _of_caffe2(environment: str) -> List[Entry]:
    module, modules = (
        f"{_HERE}.caffe2_tracer",
        ("torch", "detectron2", "caffe2", "onnx", "onnxoptimizer"),
    )
    # TorchScript with operators of Caffe2 is for a PyTorch that has them.
    with_caffe2 = ("detectron2_pytorch_1_10", "detectron2_libtorch_1_10")
    formats: Sequence[Any] = (
        ("caffe2", "netdef", ".pb", ()),
        ("torchscript", "torchscript", ".pt", with_caffe2),
        ("onnx", "onnx", ".onnx", ()),
    )
    exporters: List[Entry] = [
        Exporter(
            "caffe2_tracer_0_6",
            format,
            capture=f"{module}:capture",
            lower=f"{module}:{lower}",
            suffix=suffix,
            modules=modules,
            environment=environment,
            runtimes=runtimes,
            family=environment,
        )
        for format, lower, suffix, runtimes in formats
    ]
    of_caffe2_tracer: Any = {"environment": environment, "family": environment}
    engines = [
        Runtime(
            "detectron2_caffe2",
            formats=("caffe2",),
            session=f"{_HERE}.sessions:Caffe2Session",
            modules=modules,
            **of_caffe2_tracer,
        ),
        Runtime(
            "detectron2_pytorch_1_10",
            formats=("torchscript",),
            session=f"{_HERE}.sessions:PyTorchSession",
            modules=modules,
            extras=("torchvision",),
            **of_caffe2_tracer,
        ),
        Runtime(
            "detectron2_libtorch_1_10",
            formats=("torchscript",),
            session=f"{_HERE}.sessions:LibtorchSession",
            language="c++",
            modules=modules,
            extras=("torchvision",),
            program="pytest_export_matrix.runtimes.libtorch:build",
            commands=COMMANDS,
            **of_caffe2_tracer,
        ),
    ]
    return [*exporters, *engines]
