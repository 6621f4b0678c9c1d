"""caffe2_tracing: parts of the model are replaced by Caffe2 operators, then it is traced.

After detectron2's method of that name; see `pytest_export_matrix.addons.caffe2`. It works where
Caffe2 still is: in an environment with torch 1.10.2. Other parts for the modules of one's own model
go into its attribute `caffe2_parts`, {class of the module: module -> the one in its place}.
"""

from __future__ import annotations

import os
from typing import Any

from pytest_export_matrix.exporters.context import FLAT, STRUCTURED, Context


def capture(context: Context) -> Any:
    """The model with its parts replaced, as a net from tensors to tensors."""
    from pytest_export_matrix.addons.caffe2 import nets

    return nets.convert(context.model, context.arguments)


def netdef(captured: Any, path: str, context: Context) -> str:
    """Caffe2's two nets, init_net.pb and predict_net.pb, beside their description at `path`."""
    from pytest_export_matrix.addons.caffe2 import convert

    convert.save_netdef(captured, os.path.dirname(path))
    return _convention(captured)


def torchscript(captured: Any, path: str, context: Context) -> str:
    from pytest_export_matrix.addons.caffe2 import convert

    convert.save_torchscript(captured, path)
    return _convention(captured)


def onnx(captured: Any, path: str, context: Context) -> str:
    from pytest_export_matrix.addons.caffe2 import convert

    convert.save_onnx(captured, path)
    return _convention(captured)


def _convention(captured: Any) -> str:
    """A detector is called as the model is, by `Caffe2Model`; another model with its tensors."""
    return FLAT if captured.about.kind == "plain" else STRUCTURED
