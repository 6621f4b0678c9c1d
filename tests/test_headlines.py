"""Of the reason of a failure, a table shows the line that says something."""

from __future__ import annotations

import pytest

from pytest_export_matrix.reporting.headlines import headline

GUARD = """GuardOnDataDependentSymNode: Could not guard on data-dependent expression Eq(4*u1, 0)

consider using data-dependent friendly APIs such as guard_or_false.
Caused by: (torchvision/ops/boxes.py:103 in _batched_nms_coordinate_trick)
For more information, run with TORCH_LOGS="dynamic"
"""
GUARD_OF_A_MODEL = """GuardOnDataDependentSymNode: Could not guard on Eq(u0, 1)

Caused by: (_export/non_strict_utils.py:1410 in __torch_function__)
For more information, run with TORCH_LOGS="dynamic"

The following call raised this error:
  File "<python>/lib/python3.11/site-packages/torchdiffeq/_impl/misc.py", line 383, in _check
    assert difference.all()
"""
GUARD_OF_A_LOWERED_MODEL = """GuardOnDataDependentSymNode: Could not guard on u21 - 2 < 24

Caused by: (_decomp/decompositions.py:794 in slice_forward)

While executing %slice_11 : [num_users=1] = call_function[target=torch.ops.aten.slice.Tensor]
Original traceback:
File "<plugin>/pytest_export_matrix/exporters/context.py", line 83, in forward
    leaves, _ = flatten(self.model(*unflatten(tensors, arguments_spec)))
  File "<python>/lib/python3.11/site-packages/torchvision/models/detection/rpn.py", line 372, in run
    boxes, scores = self.filter_proposals(proposals)
Use tlparse to see full graph.
"""
TORCHSCRIPT = """at [3, 192, 256]: The following operation failed in the TorchScript interpreter.
Traceback of TorchScript, serialized code (most recent call last):
  File "code/__torch__/net.py", line 10, in forward
RuntimeError: Expected all tensors to be on the same device
images resized by sizes that can be symbols
"""
OPENVINO = """RuntimeError: Exception from src/inference/src/cpp/core.cpp:132:
FrontEnd API failed with OpConversionFailure:
-- Loop-20 with a message:
Accessing out-of-range dimension

Summary:
-- Conversion is failed for: Loop-20
"""


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("", ""),
        ("killed by SIGSEGV", "killed by SIGSEGV"),
        ("the program killed by SIGSEGV", "killed by SIGSEGV"),
        (GUARD, "cannot guard on data: boxes.py:103 in _batched_nms_coordinate_trick"),
        (GUARD_OF_A_MODEL, "cannot guard on data: misc.py:383 in _check"),
        (GUARD_OF_A_LOWERED_MODEL, "cannot guard on data: rpn.py:372 in run"),
        (TORCHSCRIPT, "Expected all tensors to be on the same device"),
        (
            "at [1, 3, 24, 32] (a crowd): InvalidArgument: [ONNXRuntimeError] : 2 : "
            "INVALID_ARGUMENT : Non-zero status code returned while running TopK node. "
            "Name:'TopK_7' Status Message: k argument [400] should not be greater than [30]",
            "TopK: k argument [400] should not be greater than [30]",
        ),
        (
            "Fail: [ONNXRuntimeError] : 1 : FAIL : Load model from <cache>/v1/0a/model.onnx failed",
            "Load model from model.onnx failed",
        ),
        (
            "2 of 7 inputs answered wrongly; at [3, 197, 261], [3, 144, 192]: image 0: boxes: "
            "12 of 16 values outside tolerance (1.5, expected 1.7, allowed +-0.01)\nat [3]: more",
            "boxes: values outside tolerance",
        ),
        ("3 of 4 inputs answered wrongly; at [2]: out: 1 of 2 values differ", "out: values differ"),
        (
            "RuntimeError: ONNX conversion failed, encountered 40 errors:\n\nname: Resize\n"
            ". Exception: Don't know how to translate op Resize\n",
            "ONNX conversion failed, encountered 40 errors: Don't know how to translate op Resize",
        ),
        (
            "at [3, 8]: Fail: [ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while "
            "running ArgMax node. Name:'ArgMax_4' Status Message: /src/op_kernel.cc:87 virtual "
            "OrtValue* Context::OutputMLValue(int, const Shape&) [ONNXRuntimeError] : 1 : FAIL : "
            "Shape mismatch attempting to re-use buffer",
            "ArgMax: Shape mismatch attempting to re-use buffer",
        ),
        (
            "at [3, 8]: failed to call OrtRun(). ERROR_CODE: 1, ERROR_MESSAGE: /mnt/1/op_kernel.cc"
            ":83 virtual OrtValue *Context::OutputMLValue(int) [ONNXRuntimeError] : 1 : FAIL : "
            "Shape mismatch attempting to re-use buffer",
            "Shape mismatch attempting to re-use buffer",
        ),
        (
            "InvalidGraph: [ONNXRuntimeError] : 10 : INVALID_GRAPH : Load model from /a/model.onnx "
            "failed:This is an invalid model. Type Error: Type 'tensor(int64)' of input parameter",
            "Load model from model.onnx failed:Type Error: Type 'tensor(int64)' of input parameter",
        ),
        (
            "Reshape: /src/core/reshape_helper.h:84 onnxruntime::ReshapeHelper(const Shape&, bool) "
            "size != 0 && (input_shape_size % size) == 0 was false",
            "Reshape: size != 0 && (input_shape_size % size) == 0 was false",
        ),
        (
            "UserError: Constraints violated (L['x'].size()[2], L['x'].size()[3])! For more "
            'information, run with TORCH_LOGS="+dynamic".\n'
            "  - You marked L['x'].size()[2] as dynamic but your code specialized it to be a "
            "constant (32). If you're using mark_dynamic, either remove it (or not).\n"
            "  - You marked L['x'].size()[3] as dynamic but your code specialized it to be a "
            "constant (48). If you're using mark_dynamic, either remove it (or not).\n",
            "the model makes constant what is to be dynamic: x.shape[2] = 32, x.shape[3] = 48",
        ),
        (
            "ValueError: Found the following conflicts between user-specified ranges and inferred "
            "ranges from model tracing:\n- Received user-specified dim hint Dim.DYNAMIC(min=None), "
            "but tracing inferred a static shape of 12 for dimension inputs[1].shape[1].",
            "the model makes constant what is to be dynamic: inputs[1].shape[1] = 12",
        ),
        (
            "UserError: Constraints violated (height)! For more information, run with TORCH_LOGS\n"
            "  - Not all values of height = L['x'].size()[2] in the specified range satisfy the "
            "generated guard 8 <= L['x'].size()[2]\nSuggested fixes:\n  height = ...",
            "Not all values of height = L['x'].size()[2] in the specified range satisfy the "
            "generated guard 8 <= L['x'].size()[2]",
        ),
        (
            "at [3]: ValueError: Trying to flatten user inputs with exported input tree spec: \n"
            "TreeSpec(tuple, None, [TreeSpec(list, None, [*,\n      *])])\nbut actually got ...",
            "the inputs have another structure than those of the export",
        ),
        (OPENVINO, "Conversion is failed for: Loop-20"),
        (
            "RuntimeError: output 1 (0\n[ torch.FloatTensor{} ]) of traced region did not depend",
            "output 1 (0 [ torch.FloatTensor{} ]) of traced region did not depend",
        ),
        (
            "answers otherwise when asked again; 1 of 1 inputs answered wrongly; at [3, 8] (asked "
            "again after the call at [3, 4, 5] (a crowd)): image 0: 1 of 15 detections extra",
            "answers otherwise when asked again; detections extra",
        ),
        ("ValueError: it is not so:\nthe spec", "it is not so: the spec"),
        (
            "forward() is missing value for argument 'img0' of the module. Declaration: forward(x)",
            "forward() is missing value for argument 'img0' of the module",
        ),
    ],
)
def test_the_headline_is_the_line_that_says_something(reason: str, line: str) -> None:
    assert headline(reason) == line
