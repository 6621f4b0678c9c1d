"""A net as a file: Caffe2's NetDef, TorchScript, or ONNX with Caffe2 operators.

    NetDef       model.json, init_net.pb, predict_net.pb   the last two are what Caffe2 loads
    TorchScript  one file; the description lies inside as an extra file
    ONNX         one file; the description lies inside as metadata

ONNX is the way to the NetDef as well: opset 9 is the newest that Caffe2's backend translates.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import sys
from typing import Any, Dict, List, Tuple

from pytest_export_matrix.addons.caffe2 import ABOUT, DESCRIPTION, INIT, PREDICT
from pytest_export_matrix.addons.caffe2.description import Description, NetFile
from pytest_export_matrix.addons.caffe2.nets import Converted
from pytest_export_matrix.worker import dataclass_json

OPSET = 9


class LacksOperator(RuntimeError):
    """The net needs an operator that Caffe2 does not have."""


def save_torchscript(converted: Converted, path: str) -> None:
    import torch

    with torch.no_grad():
        module = torch.jit.trace(converted.net, converted.inputs, check_trace=False)
    module.save(path, _extra_files={DESCRIPTION: written(converted.about)})


def save_onnx(converted: Converted, path: str) -> None:
    import onnx

    model = to_onnx(converted)
    onnx.helper.set_model_props(model, {DESCRIPTION: written(converted.about)})
    onnx.save(model, path)


def save_netdef(converted: Converted, folder: str) -> None:
    init, predict = to_netdef(to_onnx(converted))
    inputs = zip(converted.about.inputs, converted.inputs)
    run_once(init, predict, {name: tensor.numpy() for name, tensor in inputs})
    files = {}
    for name, net in ((INIT, init), (PREDICT, predict)):
        content = net.SerializeToString()
        files[name] = NetFile(hashlib.sha256(content).hexdigest(), len(content))
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    with open(os.path.join(folder, ABOUT), "w", encoding="utf-8") as file:
        file.write(written(dataclasses.replace(converted.about, files=files)))


def written(about: Description) -> str:
    return json.dumps(dataclass_json.to_json(about))


def to_onnx(converted: Converted) -> Any:
    """The net as an ONNX model, operators of Caffe2 in the domain org.pytorch._caffe2."""
    import onnx
    import torch

    stream = io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(
            converted.net,
            converted.inputs,
            stream,
            input_names=converted.about.inputs,
            output_names=converted.about.outputs,
            opset_version=OPSET,
            operator_export_type=torch.onnx.OperatorExportTypes.ONNX_ATEN_FALLBACK,
        )
    return onnx.load_from_string(stream.getvalue())


def to_netdef(model: Any) -> Tuple[Any, Any]:
    """(init_net, predict_net) of an ONNX model.

    Raises LacksOperator, with the name, for an operator that Caffe2 does not have.
    """
    backend = caffe2_backend()
    missing = lacking(model, backend)
    if missing:
        raise LacksOperator(f"Caffe2 has no operator {', '.join(missing)}")
    init, predict = backend.onnx_graph_to_caffe2_net(model, device="CPU", opset_version=OPSET)
    return init, predict


def caffe2_backend() -> Any:
    """Caffe2's own ONNX backend. It asks for onnx.optimizer, which onnx 1.9 made a package of its
    own; without it the nets come out broken and only a warning says so."""
    import onnx
    import onnxoptimizer

    onnx.optimizer = onnxoptimizer
    sys.modules["onnx.optimizer"] = onnxoptimizer
    from caffe2.python.onnx.backend import Caffe2Backend

    return Caffe2Backend


def lacking(model: Any, backend: Any) -> List[str]:
    """The operators of an ONNX graph that Caffe2 cannot execute, each once, in order."""
    from caffe2.python import core
    from caffe2.python.onnx.backend import C

    translator = C.Caffe2Backend(backend._dummy_name)
    found: Dict[str, None] = {}
    for node in model.graph.node:
        renamed = backend._renamed_operators.get(node.op_type, node.op_type)
        known = (
            translator.support_onnx_import(node.op_type)
            or node.op_type in backend._special_operators
            or core.IsOperator(renamed)
        )
        if not known:
            found[node.op_type] = None
        modes = [a.s.decode() for a in node.attribute if a.name == "mode"]
        if node.op_type == "Upsample" and modes != ["nearest"]:
            found[f"Upsample ({modes[0]})"] = None  # it would take the nearest without a word
    return list(found)


def run_once(init: Any, predict: Any, inputs: Dict[str, Any]) -> Dict[str, Any]:
    """The outputs of the nets. Only now is each operator really made: an ATen operator may not
    know its function, and a branch may not give what it should.

    Raises LacksOperator where an output gets no value, naming the operator that it is of.
    """
    from caffe2.python import workspace

    workspace.ResetWorkspace()
    workspace.RunNetOnce(init)
    for name, array in inputs.items():
        workspace.FeedBlob(name, array)
    workspace.RunNetOnce(predict)
    outputs = {name: workspace.FetchBlob(name) for name in predict.external_output}
    workspace.ResetWorkspace()
    for name, value in outputs.items():
        if isinstance(value, bytes):  # Caffe2's description of a blob that holds no tensor
            kinds = [op.type for op in predict.op if name in op.output]
            raise LacksOperator(
                f"Caffe2's operator {kinds[-1]} left the output {name!r} without a value"
            )
    return outputs
