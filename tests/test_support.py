"""Summary, support table, table of an architecture: marks say no more than their cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from states import every_cell, failed, passed
from states import result as made

from pytest_export_matrix.reporting.architecture_table import architecture_grids
from pytest_export_matrix.reporting.captions import unavailable
from pytest_export_matrix.reporting.grades import FOOTNOTES, Marks, superscript
from pytest_export_matrix.reporting.summary_table import interoperability_grids, summary_grids
from pytest_export_matrix.reporting.support_table import BESIDES, support_grids
from pytest_export_matrix.results.result import Artifact, Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage


def summary(found: list[Result]) -> list[list[str]]:
    (grid,) = summary_grids(found)
    return grid.rows


def support(found: list[Result]) -> dict[str, list[str]]:
    (grid,) = support_grids(found)
    return {row[0]: row[1:] for row in grid.rows}


# --- the summary


def test_a_row_says_for_each_way_out_what_works() -> None:
    assert summary(every_cell(("net-tracing-onnx-onnxruntime-cpu-dynamic-1",))) == [
        ["tracing", "TorchScript", "PyTorch", "●", "●", "●", "●"],
        ["tracing", "ONNX", "ONNX Runtime", "●", "○ ¹", "●", "●"],
    ]


def test_several_architectures_are_counted() -> None:
    found = every_cell(("b-", "c-tracing-onnx"), architectures=("a", "b", "c"))
    assert [row[3] for row in summary(found)] == ["◐ 2/3 ¹", "◐ 1/3 ¹"]
    every = every_cell(architectures=("a", "b"))
    none = every_cell(("a", "b"), architectures=("a", "b"))
    assert [row[3] for row in summary(every)] == ["● 2/2"]
    assert [row[3] for row in summary(none)] == ["○ 0/2 ¹"]


def test_runtimes_that_do_the_same_share_a_row_and_others_do_not() -> None:
    found = []
    for runtime in ("pytorch", "libtorch", "pytorch_1_10"):
        reds = ("net",) if runtime == "pytorch_1_10" else ()
        found += every_cell(reds, formats={"torchscript": runtime})
    assert [row[2] for row in summary(found)] == ["PyTorch, libtorch", "PyTorch 1.10"]


def test_runtimes_of_one_file_stand_together() -> None:
    ways = [("torchscript", "pytorch"), ("onnx", "onnxruntime"), ("torchscript", "libtorch")]
    found = [r for format, runtime in ways for r in every_cell(formats={format: runtime})]
    assert [row[1:3] for row in summary(found)] == [
        ["TorchScript", "PyTorch, libtorch"],
        ["ONNX", "ONNX Runtime"],
    ]


def test_formats_of_one_method_that_do_the_same_share_a_row() -> None:
    assert summary(every_cell()) == [
        ["tracing", "TorchScript, ONNX", "PyTorch, ONNX Runtime", "●", "●", "●", "●"],
    ]


def test_runtimes_with_long_names_are_told_by_their_languages() -> None:
    found = []
    for runtime, language in (("aot_inductor", "c++"), ("aot_inductor_python", "python")):
        for each in every_cell(formats={"aot_inductor": runtime}):
            each.language = language
            found.append(each)
    found += every_cell(formats={"pt2": "pytorch"})
    assert [row[1:3] for row in summary(found)] == [
        ["AOTInductor", "C++, Python"],
        ["pt2", "PyTorch"],
    ]


def test_languages_do_not_stand_for_some_of_the_runtimes_that_take_a_file() -> None:
    """They would be taken for the others, which are there beside them."""
    found = []
    for runtime, language in (
        *(("pytorch", "python"), ("libtorch", "c++")),
        *(("pytorch_1_10", "python"), ("libtorch_1_10", "c++")),
    ):
        reds = ("net",) if runtime.endswith("1_10") else ()
        for each in every_cell(reds, formats={"torchscript": runtime}):
            each.language = language
            found.append(each)
    assert [row[2] for row in summary(found)] == [
        "PyTorch, libtorch",
        "PyTorch 1.10",
        "libtorch 1.10",
    ]


def test_languages_do_not_stand_for_runtimes_of_several_formats() -> None:
    """That would say that each format runs in each of them."""
    found = []
    for format, runtime, language in (
        ("torchscript", "pytorch", "python"),
        ("torchscript", "libtorch", "c++"),
        ("onnx", "onnxruntime", "python"),
    ):
        for each in every_cell(formats={format: runtime}):
            each.language = language
            found.append(each)
    assert [row[1:3] for row in summary(found)] == [
        ["TorchScript", "PyTorch, libtorch"],
        ["ONNX", "ONNX Runtime"],
    ]


def test_what_files_need_is_named_where_they_need_something() -> None:
    found = every_cell(formats={"torchscript": "pytorch"})
    assert (summary_grids(found)[0].header[-1], "Needs" in support(found)) == ("Any batch", False)
    found[0].extra_dependencies = ["torchvision"]
    assert summary_grids(found)[0].header[-1] == "Needs"
    assert summary(found)[0][-1] == "torchvision"
    assert support(found)["Needs"] == ["torchvision"]


# --- what a mark says


def marked(*found: Result) -> str:
    return Marks.over(found).mark(found)


def cell(architecture: str = "net") -> Cell:
    return Cell(architecture, "tracing", "onnx", "onnxruntime", "cpu", "fixed", "1")


@pytest.mark.parametrize("stage", [Stage.BUILD, Stage.REFERENCE])
def test_a_model_that_gave_no_reference_says_nothing_about_the_way_out(stage: Stage) -> None:
    untested = failed(cell("b"), stage)
    assert marked(untested) == "? ¹"
    assert marked(passed(0.0, cell("a")), untested) == "◐ 1/2 ?1 ¹"


def test_what_is_not_available_is_not_found_out() -> None:
    absent = made(cell("b"), Outcome.UNAVAILABLE)
    assert marked(absent) == "?"
    assert marked(passed(0.0, cell("a")), absent) == "◐ 1/2 ?1"
    assert marked(failed(cell("a")), absent) == "○ 0/2 ?1 ¹"


def test_an_architecture_works_if_all_of_its_cells_passed() -> None:
    assert marked(passed(0.0, cell()), failed(cell())) == "◐ ¹"


def test_what_works_in_a_part_of_its_cells_alone_has_no_count() -> None:
    every = [cell("a"), cell("b")]
    halves = [*map(failed, every), *(passed(0.0, each) for each in every)]
    assert marked(*halves) == "◐ ¹"


def test_what_was_not_run_is_not_claimed() -> None:
    """The second architecture was run at a fixed size alone."""
    found = [*every_cell(), *[r for r in every_cell(architectures=("b",)) if "fixed" in r.cell.id]]
    assert summary(found)[0][3:7] == ["● 2/2", "◐ 1/2 ?1", "● 2/2", "● 2/2"]


def test_a_slice_shows_what_it_ran() -> None:
    found = [result for result in every_cell() if result.cell.resolution == "dynamic"]
    assert summary(found)[0][3:7] == ["–", "●", "●", "●"]
    assert support(found)["Other sizes"] == ["●"]
    (one,) = [result for result in found if result.cell.batch == "2"][:1]
    assert summary([one])[0][3:7] == ["–", "●", "●", "–"]


def test_a_flaky_cell_does_not_work() -> None:
    assert marked(failed(cell(), flaky=True)) == "○ ¹"


# --- footnotes


def test_a_footnote_says_how_many_cells_end_how_why_and_shows_one() -> None:
    found = every_cell(("net-tracing-onnx",))
    for each in found:
        each.reason = each.reason and "at [3, 24, 32]: no such operator"
    assert Marks.over(found).footnotes() == [
        "¹ 6 cells failed at compare: no such operator "
        "(net-tracing-onnx-onnxruntime-cpu-fixed-1 at [3, 24, 32])"
    ]


def test_rare_causes_have_no_footnote_and_are_counted() -> None:
    found = every_cell(tuple(f"{name}-" for name in "abcdefghijklmn"), tuple("abcdefghijklmn"))
    for each in found:
        each.reason = f"no operator {each.cell.architecture}"
    notes = Marks.over(found).footnotes()
    assert len(notes) == FOOTNOTES + 1
    assert notes[-1] == "… 2 causes more; table=limits has all of them"
    (row,) = summary(found)
    assert row[3] == "○ 0/14 ¹ ² ³ …"
    assert superscript(12) == "¹²"


# --- the support table, in the form of the guide


def test_the_support_table_has_the_rows_of_the_guide() -> None:
    found = every_cell(("b-tracing-onnx", "fixed-dynamic"), architectures=("a", "b"))
    assert support(found) == {
        "TorchScript": ["● 2/2"],
        "ONNX": ["◐ 1/2 ¹"],
        "Python inference": ["◐ 1/2 ¹"],
        "Other sizes": ["◐ 1/2 ¹"],
        "Batch of 2": ["◐ 1/2 ¹"],
        "Any batch": ["○ 0/2 ¹"],
        "a": ["●"],
        "b": ["◐ ¹"],
    }


def test_architectures_that_are_alike_share_a_row() -> None:
    assert list(support(every_cell(architectures=("a", "b", "c"))))[-1] == "a, b, c"
    many = tuple(f"detector_{n}" for n in range(5))
    assert list(support(every_cell(architectures=many)))[-3:] == [
        "detector_0, detector_1",
        "detector_2, detector_3",
        "detector_4",
    ]


def test_prepared_models_have_a_column_of_their_own() -> None:
    plain = every_cell(("net",))
    prepared = [replace(r, cell=r.cell._replace(preparation="prepared")) for r in every_cell()]
    (grid,) = support_grids([*plain, *prepared])
    assert grid.header == ["", "tracing", "tracing (prepared)"]
    assert grid.rows[-1] == ["net", "○ ¹", "●"]


def test_languages_stand_in_the_order_of_the_guide() -> None:
    found = every_cell()
    for each in found:
        each.language = "c++" if each.cell.format == "onnx" else "ada"
    assert [name for name in support(found) if "inference" in name] == [
        "C++ inference",
        "ada inference",
    ]


def test_each_device_has_its_table() -> None:
    cpu, cuda = every_cell(), every_cell()
    for each in cuda:
        each.cell = each.cell._replace(device="cuda")
    for tables in (summary_grids, support_grids, architecture_grids):
        assert [grid.device for grid in tables(cpu + cuda)] == ["cpu", "cuda"]


def test_unavailable_cells_are_counted_and_make_no_table() -> None:
    found = every_cell()
    for each in found:
        each.outcome, each.reason = Outcome.UNAVAILABLE, "no engine\nhere"
    assert summary_grids(found) == support_grids(found) == []
    assert unavailable(found) == [("no engine", 12)]


# --- one architecture


def test_an_architecture_has_its_milliseconds_its_megabytes_and_its_needs() -> None:
    found = every_cell(architectures=("a", "b"))
    found[0].latency = {"first": 0.25, "steady": 0.0312}
    found[0].artifact = Artifact("0" * 64, 4_210_000)
    found[0].extra_dependencies = ["torchvision"]
    first, second = architecture_grids(found)
    assert (first.title, second.title) == ("a on cpu", "b on cpu")
    assert first.rows[0] == [
        *("tracing", "TorchScript: PyTorch", "●", "●", "●", "●"),
        *("250 / 31", "4.2, torchvision"),
    ]


# --- pairs that nobody claims to work


def test_pairs_that_nobody_claims_have_a_table_of_their_own() -> None:
    found = every_cell(("net-tracing-onnx",))
    for each in found:
        each.foreign = each.cell.format == "onnx"
    assert [row[:4] for row in summary(found)] == [["tracing", "TorchScript", "PyTorch", "●"]]
    assert set(support(found)) == {"TorchScript", "Python inference", *dict(BESIDES), "net"}
    (grid,) = architecture_grids(found)
    assert [row[1] for row in grid.rows] == ["TorchScript: PyTorch"]
    (grid,) = interoperability_grids(found)
    assert [row[:4] for row in grid.rows] == [["tracing", "ONNX", "ONNX Runtime", "○ ¹"]]


def test_without_such_pairs_there_is_no_such_table() -> None:
    assert interoperability_grids(every_cell()) == []
