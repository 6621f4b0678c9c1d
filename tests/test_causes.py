"""Failing cells are grouped into causes, each with the line of its reason that says something."""

from __future__ import annotations

import pytest
from states import cells, failed, passed, result

from pytest_export_matrix.reporting.causes import causes, headline
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

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
        ("ValueError: it is not so:\nthe spec", "it is not so: the spec"),
        (
            "forward() is missing value for argument 'img0' of the module. Declaration: forward(x)",
            "forward() is missing value for argument 'img0' of the module",
        ),
    ],
)
def test_the_headline_is_the_line_that_says_something(reason: str, line: str) -> None:
    assert headline(reason) == line


def of(*reasons: str, stage: Stage = Stage.RUN) -> list[Result]:
    return [failed(cell, stage, reason=each) for cell, each in zip(cells("a", "b"), reasons)]


def test_reasons_that_differ_in_figures_and_places_have_one_cause() -> None:
    (cause,) = causes(
        of("at [3, 8, 9]: the file takes 2 inputs, 1 given", "the file takes 2 inputs, 3 given")
    )
    assert (cause.number, cause.ending) == (1, "failed at run")
    assert cause.headline == "the file takes 2 inputs, N given"
    assert [result.cell for result in cause.cells] == cells("a")[:2]


def test_cells_that_end_otherwise_or_deviate_otherwise_have_other_causes() -> None:
    every = cells("a")
    found = causes(
        [
            failed(every[0], reason="why", deviating=["boxes"]),
            failed(every[1], reason="why", deviating=["masks"]),
            failed(every[2], Stage.LOAD, reason="why"),
            result(every[3], Outcome.CRASHED, reason="why"),
        ]
    )
    assert [cause.ending for cause in found] == [
        "failed at compare (boxes)",
        "failed at compare (masks)",
        "failed at load",
        "crashed at compare",
    ]


def test_the_cause_of_most_cells_is_the_first() -> None:
    found = causes(of("rare", "often", "often"))
    assert [(cause.number, cause.headline, len(cause.cells)) for cause in found] == [
        (1, "often", 2),
        (2, "rare", 1),
    ]


def test_the_simplest_cell_fails_at_the_smallest_input() -> None:
    found = of("at [3, 300, 400]: why", "at [3, 24, 32] (a crowd): why", "at [3, 32, 40]: why")
    (cause,) = causes(found)
    assert cause.simplest is found[1]
    assert cause.shown_at == "[3, 24, 32] (a crowd)"


def test_without_an_input_the_simplest_cell_is_of_fixed_size_and_one_image() -> None:
    every = cells("a")
    dynamic = next(c for c in every if (c.resolution, c.batch) == ("dynamic", "dynamic"))
    fixed = next(c for c in every if (c.resolution, c.batch) == ("fixed", "1"))
    (cause,) = causes([failed(dynamic, Stage.LOAD), failed(fixed, Stage.LOAD)])
    assert cause.simplest.cell == fixed and cause.shown_at == ""


def test_cells_without_a_reference_could_not_be_tested() -> None:
    (build,) = causes(of("no such module", stage=Stage.BUILD))
    (export,) = causes(of("no such operator", stage=Stage.EXPORT))
    assert build.untested and not export.untested


def test_what_passed_or_is_not_here_has_no_cause() -> None:
    absent = result(cells("a")[1], Outcome.UNAVAILABLE)
    assert causes([passed(0.0, cells("a")[0]), absent]) == []


def test_causes_of_foreign_pairs_stand_apart_behind_the_others() -> None:
    one, two, three, four, *_ = cells("net")
    found = [failed(each, reason="no operator") for each in (one, two, three, four)]
    for each in found[1:]:
        each.foreign = True
    first, second = causes(found)
    assert ([r.cell for r in first.cells], first.number) == ([one], 1)
    assert ([r.cell for r in second.cells], second.number) == ([two, three, four], 2)
    assert [cause.number for cause in causes(found[:1])] == [first.number]


def test_a_model_that_raises_at_several_inputs_is_told_once() -> None:
    one, two, *_ = cells("vit")
    other, *_ = cells("net")
    found = [
        failed(one, Stage.REFERENCE, reason="AssertionError: width 256 is not 224"),
        failed(two, Stage.REFERENCE, reason="AssertionError: height 160 is not 224"),
        failed(other, Stage.REFERENCE, reason="AssertionError: no such size"),
    ]
    first, second = causes(found)
    assert [result.cell for result in first.cells] == [one, two]
    assert first.headline == "AssertionError: width 256 is not 224"
    assert [result.cell for result in second.cells] == [other]
