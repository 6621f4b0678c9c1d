"""The support table is derived from results, and says where they do not agree."""

from __future__ import annotations

from dataclasses import replace

from states import failed, passed

from pytest_export_matrix.reporting.support_table import (
    NO,
    NOT_RUN,
    YES,
    Table,
    tables,
    unavailable,
)
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

FORMATS = {"torchscript": "pytorch", "onnx": "onnxruntime"}


def results(reds: tuple[str, ...] = (), architectures: tuple[str, ...] = ("net",)) -> list[Result]:
    """All cells of tracing. Those whose id starts or ends with one of `reds` failed."""
    found = []
    for architecture in architectures:
        for format, runtime in FORMATS.items():
            for resolution in ("fixed", "dynamic"):
                for batch in ("1", "2", "dynamic"):
                    axes = (architecture, "tracing", format, runtime, "cpu", resolution, batch)
                    cell = Cell(*axes)
                    red = any(cell.id.startswith(r) or cell.id.endswith(r) for r in reds)
                    found.append(failed(cell) if red else passed(0.0, cell))
    return found


def entries(found: list[Result]) -> dict[str, str]:
    (table,) = tables(found)
    return {label: row[0] for label, row in table.rows}


def test_the_table_says_yes_everywhere_if_all_cells_passed() -> None:
    assert entries(results()) == {
        "Formats": "TorchScript, ONNX",
        "Runtime": "PyTorch, ONNX Runtime",
        "Python inference": YES,
        "Extra runtime deps": "None",
        "Dynamic resolution": YES,
        "Batch size requirement": "Dynamic",
        "net": YES,
    }


def test_prepared_models_have_a_column_of_their_own() -> None:
    plain = results(("net",))
    prepared = [replace(r, cell=replace(r.cell, preparation="prepared")) for r in results()]
    (table,) = tables([*plain, *prepared])
    assert table.methods == ["tracing", "tracing (prepared)"]
    assert dict(table.rows)["net"] == [f"{NO} (compare)", YES]


def test_batch_size_requirement_is_derived_from_the_batch_cells() -> None:
    assert entries(results(("fixed-dynamic",)))["Batch size requirement"] == "Constant"
    without_two = entries(results(("fixed-dynamic", "fixed-2")))
    assert without_two["Batch size requirement"] == "Batch inference unsupported"
    none = entries(results(("fixed-dynamic", "fixed-2", "fixed-1")))
    assert none["Batch size requirement"] == f"{NO} (compare)"


def test_a_row_that_differs_by_format_names_each_format() -> None:
    found = entries(results(("net-tracing-onnx-onnxruntime-cpu-dynamic",)))
    assert found["Dynamic resolution"] == f"TorchScript {YES}, ONNX {NO} (compare)"
    assert found["net"] == YES


def test_runtimes_of_one_format_are_named_if_their_results_differ() -> None:
    found = results()
    for each in results():
        if each.cell.format == "onnx":
            each.cell = replace(each.cell, runtime="caffe2")
            each.outcome, each.stage = Outcome.FAILED, Stage.LOAD
            found.append(each)
    assert (
        entries(found)["Formats"] == f"TorchScript, ONNX (ONNX Runtime {YES}, Caffe2 {NO} (load))"
    )
    assert entries(found)["Runtime"] == f"PyTorch, ONNX Runtime, Caffe2 {NO} (load)"
    assert entries(found)["net"] == f"PyTorch {YES}, ONNX Runtime {YES}, Caffe2 {NO} (load)"


def test_a_row_that_works_for_some_architectures_names_them() -> None:
    found = entries(results(("b-",), architectures=("a", "b")))
    assert found["Python inference"] == f"{YES}: a; {NO} (compare): b"
    assert (
        found["Formats"]
        == f"TorchScript ({YES}: a; {NO} (compare): b), ONNX ({YES}: a; {NO} (compare): b)"
    )
    assert (found["a"], found["b"]) == (YES, f"{NO} (compare)")


def test_a_row_that_differs_by_architecture_and_format_names_both() -> None:
    found = entries(results(("b-tracing-onnx",), architectures=("a", "b")))
    assert found["Python inference"] == f"{YES}: a; TorchScript {YES}, ONNX {NO} (compare): b"


def test_a_failure_of_one_format_in_one_runtime_names_format_and_runtime() -> None:
    found = [
        replace(each, cell=replace(each.cell, runtime=runtime))
        for runtime in ("one", "two")
        for each in results(architectures=("a", "b"))
    ]
    for each in found:
        if (each.cell.architecture, each.cell.format, each.cell.runtime) == ("b", "onnx", "two"):
            each.outcome = Outcome.FAILED
    expected = f"{YES}: a; {YES} (TorchScript, ONNX in one), {NO} (compare) (ONNX in two): b"
    assert entries(found)["Python inference"] == expected


def test_the_majority_of_architectures_is_called_the_others() -> None:
    found = entries(results(("b-",), architectures=("a", "b", "c", "d", "e")))
    assert found["Python inference"] == f"{NO} (compare): b; {YES}: the others"


def test_cells_that_were_not_selected_are_shown_as_not_run() -> None:
    found = [result for result in results() if result.cell.resolution == "fixed"]
    assert entries(found)["Dynamic resolution"] == NOT_RUN


def test_unavailable_cells_are_counted_but_are_in_no_table() -> None:
    found = results()
    for result in found:
        result.outcome, result.reason = Outcome.UNAVAILABLE, "no engine\nhere"
    assert tables(found) == []
    assert unavailable(found) == [("no engine", 12)]


def test_each_device_has_its_table() -> None:
    cpu, cuda = results(), results()
    for result in cuda:
        result.cell = Cell(**{**vars(result.cell), "device": "cuda"})
    found: list[Table] = tables(cpu + cuda)
    assert [table.device for table in found] == ["cpu", "cuda"]
