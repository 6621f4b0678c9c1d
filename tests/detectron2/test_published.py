"""The published table, compared with results."""

from __future__ import annotations

from states import failed, passed, result, results

from pytest_export_matrix import Registry
from pytest_export_matrix.addons.detectron2 import published
from pytest_export_matrix.addons.detectron2.entries import entries
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning import matrix
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.outcomes import Outcome


def claimed(version: str, *parts: str) -> published.Claim:
    """The one claim whose cell has all of `parts`."""
    (claim,) = (c for c in published.claims(version) if set(parts) <= set(c.cell.id.split("-")))
    return claim


IN_PYTORCH = ("torchscript", "detectron2_pytorch_1_10", "fixed", "1")
MASK = ("detectron2_0_6_mask_rcnn_raw", "tracing_adapter_0_6", *IN_PYTORCH)
CASCADE = ("detectron2_0_6_cascade_rcnn_raw", "tracing_adapter_0_6", *IN_PYTORCH)
CAFFE2 = ("detectron2_0_6_mask_rcnn", "caffe2_tracer_0_6", "fixed", "1")
TORCHVISION = ["torchvision"]


def test_each_claim_is_about_a_cell_of_the_matrix() -> None:
    registry = Registry()
    for entry in (*EXPORTERS, *RUNTIMES, *entries("here", "there")):
        registry.add(entry)
    planned = set(matrix.all_cells(registry))
    for version in published.PUBLISHED:
        about = [claim.cell for claim in published.claims(version)]
        assert len(about) == len(set(about))
        # torch no longer contains Caffe2, so the current detectron2 has no runtime for it.
        lost = {cell for cell in about if cell not in planned}
        assert {cell.method for cell in lost} <= {"caffe2_tracer"}


def test_a_cell_that_is_published_as_working_but_fails_is_a_difference() -> None:
    claim = claimed("detectron2_0_6", *MASK)
    text = published.render(results([failed(claim.cell, "run", reason="RuntimeError: no")]))
    assert "1 of them tried, 1 of these not true here" in text
    assert f"published as what works, fails here ¹: `{claim.cell.id}`" in text
    assert "- ¹ 1 cell failed at run: no (" in text
    assert "| Faster/Mask/Keypoint | ● / ○ 0/3 ?2 ¹ |" in text


def test_a_cell_that_is_published_as_failing_but_works_is_a_difference() -> None:
    claim = claimed("detectron2_0_6", *CASCADE)
    works = passed(0.0, claim.cell)
    works.extra_dependencies = TORCHVISION
    text = published.render(results([works]))
    assert "1 of these not true here" in text
    assert "| Cascade R-CNN | ○ / ● |" in text
    assert "published as what does not, works here: `" in text


def test_a_statement_that_is_only_in_the_text_is_a_claim() -> None:
    for version in published.PUBLISHED:
        found = [c for c in published.claims(version) if c.row == "Panoptic FPN"]
        about = [claim for claim in found if claim.what == published.AT_ALL]
        assert [(claim.method, claim.says) for claim in about] == [("caffe2_tracing", True)]


def test_a_cell_that_ends_as_published_is_no_difference() -> None:
    right = passed(0.0, claimed("detectron2_0_6", *MASK).cell)
    right.extra_dependencies = TORCHVISION
    wrong = failed(claimed("detectron2_0_6", *CASCADE).cell, "export")
    text = published.render(results([right, wrong]))
    assert "3 of them tried, 0 of these not true here." in text
    assert "- tracing needs: torchvision as published, torchvision (1 cells) here\n" in text


def test_a_cell_that_needs_other_modules_than_published_is_a_difference() -> None:
    claim = claimed("detectron2_0_6", *MASK)
    text = published.render(results([passed(0.0, claim.cell)]))
    assert "2 of them tried, 1 of these not true here" in text
    assert f"needs None, not torchvision: `{claim.cell.id}`" in text
    assert "- tracing needs: torchvision as published, None (1 cells) here\n" in text
    assert "- scripting needs: torchvision as published, not run here\n" in text


def test_a_cell_that_fails_only_on_adversarial_inputs_says_so() -> None:
    claim = claimed("detectron2_0_6", *MASK)
    row = failed(claim.cell, "compare", reason="wrong")
    row.failed_on = ["nothing"]
    text = published.render(results([row]))
    assert "published as what works, fails here ¹, at nothing alone: `" in text


def test_for_onnx_with_operators_of_caffe2_the_claim_is_that_a_file_is_written() -> None:
    claim = claimed("detectron2_0_6", *CAFFE2, "onnx")
    there, missing = failed(claim.cell, "load"), failed(claim.cell, "export")
    there.artifact, missing.artifact = {"bytes": 1}, None
    assert "1 of them tried, 0 of these" in published.render(results([there]))
    assert "1 of them tried, 1 of these" in published.render(results([missing]))


def test_every_supported_column_is_also_a_claim_about_cpp() -> None:
    for version, (of_0_6, supported) in {
        "detectron2_0_6": (True, 14),
        "detectron2": (False, 15),
    }.items():
        found = [claim for claim in published.claims(version) if claim.what == published.IN_CPP]
        assert len(found) == supported
        assert all(claim.says for claim in found)
        assert {claim.cell.runtime.endswith("libtorch_1_10") for claim in found} == {of_0_6}


def test_an_unavailable_cell_proves_nothing() -> None:
    absent = result(claimed("detectron2_0_6", *MASK).cell, Outcome.UNAVAILABLE)
    assert "0 of them tried, 0 of these" in published.render(results([absent]))
    assert "None of the cells" in published.render(results([]))
