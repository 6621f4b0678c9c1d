"""Each subject has a known verdict and gets it, with the stage and with a reason that says why.

All subjects are cells of one run: this also proves that no subject harms another one.
"""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional

import pytest
from miniatures.project import Project, Run, cell

MEMORY_GIB = "1.5"


class Verdict(NamedTuple):
    cell: str
    outcome: str
    stage: Optional[str]
    #: A part of the reason; None: there is no reason.
    reason: Optional[str] = None


def passed(reason: Optional[str] = None, **axes: str) -> Verdict:
    return Verdict(cell(**axes), "passed", "compare", reason)


def failed(stage: str, reason: str, **axes: str) -> Verdict:
    return Verdict(cell(**axes), "failed", stage, reason)


def wrong(reason: str, **axes: str) -> Verdict:
    return failed("compare", reason, **{"architecture": "detector", **axes})


def crashed(stage: str, reason: str, **axes: str) -> Verdict:
    return Verdict(cell(**axes), "crashed", stage, reason)


PT2 = {"method": "torch_export", "format": "pt2", "runtime": "pytorch"}
EXPORTED_ONNX = {"method": "torch_export", "format": "onnx", "runtime": "onnxruntime"}
SCRIPTED = {"architecture": "detector", "method": "scripting"}
VERDICTS = {
    # Right answers.
    "right detector": passed(architecture="detector"),
    "right detector, two images": passed(architecture="detector", batch="2"),
    "right detector, other sizes": passed(architecture="detector", resolution="dynamic"),
    "right detector, scripted": passed(**SCRIPTED, batch="dynamic", resolution="dynamic"),
    "right detector in ONNX": passed(architecture="detector", format="onnx", runtime="onnxruntime"),
    "right tensors": passed(),
    "right tensors, all dynamic": passed(resolution="dynamic", batch="dynamic"),
    "right tensors, own output kind": passed(architecture="own_kind"),
    # Wrong answers.
    "off by one percent": wrong("outside tolerance", runtime="off_by_one_percent"),
    "tensors off by one percent": wrong(
        "mean: 4 of 4 values outside tolerance",
        architecture="classifier",
        runtime="off_by_one_percent",
    ),
    "drops an output": wrong("2 outputs, expected 3", runtime="drops_an_output"),
    "drops a tensor": wrong(
        "1 outputs, expected 2", architecture="classifier", runtime="drops_an_output"
    ),
    "swaps x and y": wrong("more boxes match with x and y swapped", runtime="swaps_x_and_y"),
    "one detection too many": wrong("detections extra", runtime="one_detection_too_many"),
    "answers NaN": wrong("NaN", runtime="answers_nan"),
    "tensors of NaN": wrong("NaN", architecture="classifier", runtime="answers_nan"),
    "wrong dtype": wrong("boxes: dtype float64, expected float32", runtime="wrong_dtype"),
    "wrong shape": wrong("no scores of shape [K]", runtime="wrong_shape"),
    "tensors of wrong shape": wrong(
        "largest: shape [1, 1, 4], expected [1, 4]",
        architecture="classifier",
        runtime="wrong_shape",
    ),
    "wrong order": wrong("no boxes of shape [K, 4]", runtime="wrong_order"),
    "tensors in wrong order": wrong(
        "outside tolerance", architecture="classifier", runtime="wrong_order"
    ),
    "empty against non-empty": wrong("detections missing", runtime="answers_nothing"),
    "fewer images than asked": wrong(
        "3 outputs, expected 6", runtime="answers_for_one_image", batch="2"
    ),
    "fewer images than asked, structured": wrong(
        "answers for 1 of 2 images", runtime="answers_for_one_image", **SCRIPTED, batch="2"
    ),
    # What models of other people do.
    "keeps tensors in pt2": passed(architecture="keeps_tensors", **PT2),
    "keeps tensors in ONNX": passed(architecture="keeps_tensors", **EXPORTED_ONNX),
    "keeps tensors in ONNX, other sizes": passed(
        architecture="keeps_tensors", **EXPORTED_ONNX, resolution="dynamic"
    ),
    "pads in ONNX": passed(architecture="pads_to_sixteen", **EXPORTED_ONNX),
    "pads in ONNX, other sizes": passed(
        architecture="pads_to_sixteen", **EXPORTED_ONNX, resolution="dynamic"
    ),
    "an unused argument in pt2": passed(architecture="ignores_an_argument", **PT2),
    "an unused argument in ONNX": passed(architecture="ignores_an_argument", **EXPORTED_ONNX),
    "an unused argument in traced ONNX": passed(
        architecture="ignores_an_argument", format="onnx", runtime="onnxruntime"
    ),
    "a dict as last argument in ONNX": passed(
        architecture="ends_in_a_dict", **EXPORTED_ONNX, resolution="dynamic"
    ),
    # Values that tracing turns into constants.
    "branch on batch, one image": passed(architecture="branches_on_batch"),
    "branch on batch, two images": passed(architecture="branches_on_batch", batch="2"),
    "branch on batch, frozen": wrong(
        "outside tolerance", architecture="branches_on_batch", batch="dynamic"
    ),
    "baked height, as exported": passed(architecture="bakes_its_height"),
    "baked height, other sizes": wrong(
        "outside tolerance", architecture="bakes_its_height", resolution="dynamic"
    ),
    # References that prove nothing.
    "reference is empty": failed(
        "reference", "finds nothing in any of the sample inputs", architecture="detects_nothing"
    ),
    "reference is NaN": failed(
        "reference", "mean is NaN or infinite throughout", architecture="answers_nan"
    ),
    # Models as strangers write them: answers that a looser rule would take for right.
    "probabilities beside pixels": passed(architecture="pixels_beside_probabilities"),
    "probabilities beside pixels, forgotten": failed(
        "compare",
        "output: 2304 of 5376 values outside tolerance",
        architecture="pixels_beside_probabilities",
        runtime="forgets_probabilities",
    ),
    "sentinels": passed(architecture="masks_its_logits"),
    "off beside sentinels": failed(
        "compare",
        "output: 3072 of 6144 values outside tolerance",
        architecture="masks_its_logits",
        runtime="adds_a_hundredth",
    ),
    "steps": passed(architecture="answers_in_steps"),
    "steps in ONNX": passed(architecture="answers_in_steps", format="onnx", runtime="onnxruntime"),
    "steps, off by one percent": failed(
        "compare",
        "values outside tolerance",
        architecture="answers_in_steps",
        runtime="off_by_one_percent",
    ),
    "complex numbers": passed(architecture="spectrum"),
    "no imaginary part": failed(
        "compare",
        "outside tolerance",
        architecture="spectrum",
        runtime="drops_the_imaginary_part",
    ),
    "two empty answers": failed(
        "reference", "output is empty for every input", architecture="selects_nothing"
    ),
    "a constant answer": failed(
        "reference", "output is the same for every input", architecture="zero_initialised"
    ),
    "answers otherwise in float64, off by one percent": failed(
        "compare",
        "values outside tolerance",
        architecture="asks_for_its_dtype",
        runtime="off_by_one_percent",
    ),
    "nothing but rounding": failed(
        "reference",
        "output is moved as far as its values reach by rounding alone",
        architecture="noise_minus_noise",
    ),
    "nothing but chance": failed(
        "reference",
        "boxes is moved as far as its values reach",
        architecture="chooses_among_equal_scores",
    ),
    "nothing but chance, in ONNX": failed(
        "reference",
        "boxes is moved as far as its values reach",
        architecture="chooses_among_equal_scores",
        format="onnx",
        runtime="onnxruntime",
    ),
    "counts its calls": failed(
        "reference",
        "the model answers otherwise at the second call: buffer `calls` changes",
        architecture="counts_calls",
    ),
    "counts its calls, scripted": failed(
        "reference", "buffer `calls` changes", architecture="counts_calls", method="scripting"
    ),
    "dropout left on": failed(
        "reference",
        "it draws from torch's random generator; in training mode: dropout",
        architecture="forgets_eval_of_dropout",
    ),
    "depends on the order of the calls": failed(
        "reference",
        "in another process: eager answers otherwise than the model as it is",
        architecture="remembers_its_first_input",
    ),
    "no int64, and wrong": failed(
        "compare",
        "labels: dtype int32, expected int64\n",
        architecture="detector",
        runtime="has_no_int64",
    ),
    "queries in another order, as tensors": failed(
        "compare",
        "outside tolerance",
        architecture="queries_in_order",
        runtime="turns_the_queries",
    ),
    "queries off by one percent": failed(
        "compare", "outside tolerance", architecture="queries", runtime="off_by_one_percent"
    ),
    "lower precision, unsaid": failed(
        "compare", "outside tolerance", runtime="computes_in_float16"
    ),
    "lower precision is no excuse": failed(
        "compare", "values outside tolerance", runtime="off_by_a_tenth_in_bfloat16"
    ),
    "lower precision, declared": passed(
        "judged by how the eager model answers when all is rounded to float16",
        runtime="declares_float16",
    ),
    # Models as strangers write them: right answers that another habit would take for wrong.
    "queries in another order": passed(architecture="queries", runtime="turns_the_queries"),
    "queries in ONNX": passed(architecture="queries", format="onnx", runtime="onnxruntime"),
    "changes its input": passed(
        "the model changes its inputs in place", architecture="changes_its_input"
    ),
    "changes its input, in ONNX": passed(
        "the model changes its inputs in place",
        architecture="changes_its_input",
        format="onnx",
        runtime="onnxruntime",
    ),
    "returns its buffer": passed(architecture="returns_its_buffer"),
    "returns its buffer, exported": passed(
        architecture="returns_its_buffer", method="torch_export", format="pt2", runtime="pytorch"
    ),
    "draws its weights": passed(
        "the model does not run in float64", architecture="draws_its_weights"
    ),
    "state that is no tensor": passed(architecture="has_extra_state"),
    "packed weights": passed("the model does not run in float64", architecture="quantized"),
    "adds up in another order": passed(
        "rounding alone moves eager so far that 2% of the range",
        architecture="adds_up_many_values",
        format="onnx",
        runtime="onnxruntime",
    ),
    "answers otherwise in float64": passed(
        "output: the model answers otherwise in float64",
        architecture="asks_for_its_dtype",
        format="onnx",
        runtime="onnxruntime",
    ),
    # Subjects that end their process.
    "segfaults in eager": crashed("reference", "SIGSEGV", architecture="segfaults_in_eager"),
    "segfaults on export": crashed("export", "SIGSEGV", method="segfaults"),
    "segfaults on load": crashed("load", "SIGSEGV", runtime="segfaults_on_load"),
    "segfaults on run": crashed("run", "SIGSEGV", runtime="segfaults_on_run"),
    "exits on build": crashed("build", "exit code 0", architecture="exits"),
    "exits on export": crashed("export", "exit code 0", method="exits"),
    "exits on run": crashed("run", "exit code 0", runtime="exits_on_run"),
    "calls sys.exit": failed("build", "SystemExit: 0", architecture="calls_sys_exit"),
    # Subjects that take all memory.
    "allocates on export": Verdict(
        cell(method="allocates"), "out_of_memory", "export", f"the limit is {MEMORY_GIB} GiB"
    ),
    "allocates on run": Verdict(
        cell(runtime="allocates_on_run"), "out_of_memory", "run", f"the limit is {MEMORY_GIB} GiB"
    ),
    # Subjects that print.
    "model prints": passed(architecture="prints_megabytes"),
    "exporter prints": passed(method="prints_megabytes"),
    "runtime prints": passed(runtime="prints_megabytes"),
    # Parts that are missing in the file, or missing files.
    "needs its own code": failed(
        "load", "the model's own code", method="pickles", format="pickle", runtime="unpickles"
    ),
    "writes no file": failed("export", "without writing a file", method="writes_nothing"),
    "raises on export": failed("export", "LookupError: no operator", method="raises"),
    "no such session": failed("load", "NotThere", runtime="not_there"),
    # Registrations that only a worker can find wrong.
    "no such module": failed("build", "'modles:Classifier'", architecture="no_such_module"),
    "misspelt factory": failed("build", "did you mean 'Classifier'", architecture="misspelt"),
    "factory raises": failed(
        "build", "LookupError: no weights of that name", architecture="raises"
    ),
    "factory returns no module": failed(
        "build", "'models:returns_no_module' returned a str", architecture="returns_no_module"
    ),
    "factory is no function": failed(
        "build", "'models:NOT_A_FUNCTION' is a int", architecture="not_a_function"
    ),
    "misspelt inputs": failed(
        "reference", "did you mean 'image_batch'", architecture="inputs_misspelt"
    ),
    "inputs are no tuple": failed(
        "reference", "'models:no_tuple' returned a Tensor", architecture="inputs_no_tuple"
    ),
    "inputs are words": failed("reference", "'models:words'", architecture="inputs_words"),
    "inputs of wrong shape": failed("reference", "5 channels", architecture="inputs_wrong_shape"),
    # Subjects that warn.
    "model warns": passed(architecture="warns"),
    "model warns in ONNX": passed(architecture="warns", format="onnx", runtime="onnxruntime"),
    "runtime warns": passed(runtime="warns"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("verdicts") / "project")
    cells = [verdict.cell for verdict in VERDICTS.values()]
    # Warnings of a library do not fail the run, even if pytest turns its own warnings into errors.
    return project.run("-W", "error", "--export-matrix-memory", MEMORY_GIB, cells=cells)


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS.keys())
def test_a_subject_gets_its_known_verdict(run: Run, verdict: Verdict) -> None:
    row = run.rows[verdict.cell]

    assert (row["outcome"], row["stage"]) == (verdict.outcome, verdict.stage), row["reason"]
    if verdict.reason is None:
        assert row["reason"] is None
    else:
        assert verdict.reason in row["reason"]


def test_every_subject_has_a_result_and_none_vanishes(run: Run) -> None:
    assert run.results["complete"] is True
    assert run.results["planned"] == sum(run.results["counts"].values()) == len(VERDICTS)
    assert set(run.rows) == {verdict.cell for verdict in VERDICTS.values()}
    assert run.code == pytest.ExitCode.TESTS_FAILED


def test_output_of_a_subject_does_not_reach_the_terminal(run: Run) -> None:
    assert "chatter" not in run.output


def warnings_of(run: Run, name: str) -> Dict[str, Dict[str, Any]]:
    return {warning["message"]: warning for warning in run.rows[name]["warnings"]}


def test_warnings_of_an_export_are_recorded_with_its_cell(run: Run) -> None:
    found = warnings_of(run, cell("warns", format="onnx", runtime="onnxruntime"))
    assert found["these weights are from 2019"]["category"] == "UserWarning"


def test_warnings_of_a_capture_are_recorded_with_its_cell(run: Run) -> None:
    assert "these weights are from 2019" in warnings_of(run, cell("warns"))


def test_warnings_of_a_runtime_are_recorded_with_its_cell(run: Run) -> None:
    warning = warnings_of(run, cell(runtime="warns"))["this engine is deprecated"]
    assert (warning["category"], warning["count"]) == ("DeprecationWarning", 5)


def test_a_reason_names_no_folder_of_this_machine(run: Run) -> None:
    reasons = [row["reason"] for row in run.rows.values() if row["reason"]]
    assert not [text for text in reasons if str(run.reports.parent.parent) in text]
