"""The matrix: which cells there are, what each exports and runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_export_matrix import Architecture, Detections, Environment, Exporter, Registry, Runtime
from pytest_export_matrix.compare import OUTPUT_KINDS
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning import matrix, recipes, selection
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import UsageError

DETECTOR = Architecture(
    "detector",
    build="models:detector",
    outputs=Detections(),
    layout="[CHW]",
    sizes=((64, 96), (80, 64)),
    other_sizes=((48, 64), (96, 128), (63, 95)),
)
CLASSIFIER = Architecture("classifier", build="models:classifier", sizes=((64, 96),))
TRACING, SCRIPTING, EXPORT_PT2, TRACING_ONNX, EXPORT_ONNX = EXPORTERS


def registry() -> Registry:
    filled = Registry()
    for entry in (DETECTOR, CLASSIFIER, *EXPORTERS, *RUNTIMES, *OUTPUT_KINDS):
        filled.add(entry)
    return filled


def cell(**axes: Any) -> Cell:
    defaults = ("detector", "tracing", "torchscript", "pytorch", "cpu", "fixed", "1")
    return Cell(**{**dict(zip(Cell._fields, defaults)), **axes})


def test_every_combination_that_a_runtime_takes_is_planned_once() -> None:
    cells = matrix.all_cells(registry())
    assert len(cells) == len(set(cells)) == 2 * 7 * 2 * 2 * 3
    pairs = {(c.method, c.format, c.runtime) for c in cells}
    assert pairs == {
        ("tracing", "torchscript", "pytorch"),
        ("scripting", "torchscript", "pytorch"),
        ("tracing", "torchscript", "libtorch"),
        ("scripting", "torchscript", "libtorch"),
        ("torch_export", "pt2", "pytorch"),
        ("tracing", "onnx", "onnxruntime"),
        ("torch_export", "onnx", "onnxruntime"),
    }


def test_a_second_runtime_of_a_format_is_planned_beside_the_first() -> None:
    more = registry()
    more.add(Runtime("my_engine", formats=["onnx"], session="my_engine:Session"))
    assert len(matrix.all_cells(more)) == 2 * 9 * 12


def prepared(architecture: Architecture) -> Architecture:
    return replace(architecture, preparations={"torch_export": "models:prepare"})


def test_a_model_that_is_prepared_for_a_method_has_plain_and_prepared_cells() -> None:
    filled = Registry()
    for entry in (prepared(DETECTOR), *EXPORTERS, *RUNTIMES, *OUTPUT_KINDS):
        filled.add(entry)
    cells = matrix.all_cells(filled)
    assert len(cells) == len({each.id for each in cells}) == (7 + 2) * 12
    counted = Counter((each.method, each.preparation) for each in cells)
    assert counted["torch_export", "plain"] == counted["torch_export", "prepared"] == 24
    assert counted["tracing", "prepared"] == counted["scripting", "prepared"] == 0


def test_a_prepared_model_is_captured_separately() -> None:
    filled = Registry()
    for entry in (prepared(DETECTOR), *EXPORTERS, *RUNTIMES, *OUTPUT_KINDS):
        filled.add(entry)
    plain = cell(method="torch_export", format="pt2")
    other = plain._replace(preparation="prepared")
    assert filled.recipe(plain).capture_key != filled.recipe(other).capture_key
    assert filled.recipe(other).eager.changes == [("preparation", "models:prepare")]


def test_formats_of_one_method_share_no_capture() -> None:
    """Even where their exporters name the same function."""
    filled, same = registry(), {"method": "own", "capture": "m:capture", "lower": "m:lower"}
    for format in ("pt2", "onnx"):
        filled.add(Exporter(format=format, suffix=".own", **same))
    pt2, onnx = (
        filled.recipe(cell(method="own", format=format, runtime=runtime)).capture_key
        for format, runtime in (("pt2", "pytorch"), ("onnx", "onnxruntime"))
    )
    assert pt2 != onnx


def test_a_preparation_for_an_unknown_method_is_refused() -> None:
    filled = registry()
    filled.add(replace(prepared(DETECTOR), name="other", preparations={"tracin": "m:prepare"}))
    with pytest.raises(UsageError, match="did you mean 'tracing'"):
        filled.check_preparations()


class TestSpec:
    """A dimension is declared dynamic only in the cells that ask for it."""

    def spec(self, exporter: Exporter, architecture: Architecture = DETECTOR, **axes: Any) -> Any:
        return recipes.export_spec(cell(**axes), architecture, exporter)

    def test_a_fixed_cell_declares_no_dynamic_dimension(self) -> None:
        assert self.spec(TRACING_ONNX).dynamic == frozenset()

    def test_a_dynamic_cell_declares_its_dynamic_dimensions(self) -> None:
        assert self.spec(TRACING_ONNX, resolution="dynamic").dynamic == {"resolution"}
        spec = self.spec(TRACING_ONNX, CLASSIFIER, resolution="dynamic", batch="dynamic")
        assert spec.dynamic == {"resolution", "batch"}

    def test_a_list_of_images_has_no_batch_dimension(self) -> None:
        assert self.spec(EXPORT_PT2, batch="dynamic") == self.spec(EXPORT_PT2, batch="2")

    def test_a_method_that_declares_nothing_shares_its_file_between_resolutions(self) -> None:
        assert self.spec(TRACING) == self.spec(TRACING, resolution="dynamic")

    def test_a_method_without_example_has_one_file_for_all_cells(self) -> None:
        specs = {
            self.spec(SCRIPTING, resolution=resolution, batch=batch)
            for resolution in matrix.RESOLUTIONS
            for batch in matrix.BATCHES
        }
        assert specs == {recipes.ExportSpec((), frozenset())}

    def test_a_dynamic_batch_is_exported_at_two_images(self) -> None:
        assert self.spec(TRACING, batch="dynamic").sizes == ((64, 96), (80, 64))
        assert self.spec(TRACING, CLASSIFIER, batch="dynamic").sizes == ((64, 96), (64, 96))


class TestCases:
    """The inputs that a cell has to answer correctly."""

    def test_a_fixed_cell_runs_every_picture_at_the_exported_sizes(self) -> None:
        cases = recipes.cases(cell(batch="2"), DETECTOR)
        assert [case.seed for case in cases] == [0, 1, 2, 3]
        assert {case.sizes for case in cases} == {((64, 96), (80, 64))}

    def test_a_dynamic_cell_runs_every_other_size_and_never_the_exported_one(self) -> None:
        cases = recipes.cases(cell(resolution="dynamic"), DETECTOR)
        sizes = [case.sizes[0] for case in cases]
        assert set(sizes) == set(DETECTOR.other_sizes)
        assert not set(sizes) & set(DETECTOR.sizes)

    @pytest.mark.parametrize("resolution", matrix.RESOLUTIONS)
    def test_every_cell_runs_a_picture_that_shows_nothing(self, resolution: str) -> None:
        cases = recipes.cases(cell(resolution=resolution), DETECTOR)
        assert recipes.NOTHING_SEED in {case.seed for case in cases}

    def test_every_other_size_is_also_run_with_a_picture_that_shows_something(self) -> None:
        cases = recipes.cases(cell(resolution="dynamic"), DETECTOR)
        seen = {case.sizes[0] for case in cases if case.seed != recipes.NOTHING_SEED}
        assert seen == set(DETECTOR.other_sizes)

    @pytest.mark.parametrize("resolution", ["fixed", "dynamic"])
    def test_adversarial_inputs_come_last_and_have_their_name(self, resolution: str) -> None:
        inputs = {"no detection": 3, "one detection": 7}
        named = replace(DETECTOR, adversarial=inputs)
        asked = cell(resolution=resolution)
        ordinary, found = recipes.cases(asked, DETECTOR), recipes.cases(asked, named)
        assert [(c.sizes, c.seed) for c in found[:-1]] == [(c.sizes, c.seed) for c in ordinary]
        assert found[-1] == recipes.Case(ordinary[-1].sizes, 7, "one detection")
        assert {c.label for c in found if c.seed == 3} == {"no detection"}

    def test_a_dynamic_batch_is_run_at_other_numbers_of_images_than_exported(self) -> None:
        cases = recipes.cases(cell(batch="dynamic"), DETECTOR)
        assert {len(case.sizes) for case in cases} == {1, 3}

    def test_images_of_a_list_differ_in_size_and_those_of_a_tensor_do_not(self) -> None:
        assert len(set(recipes.cases(cell(batch="2"), DETECTOR)[0].sizes)) == 2
        assert len(set(recipes.cases(cell(batch="2"), CLASSIFIER)[0].sizes)) == 1

    def test_a_canvas_holds_every_image_of_the_batch(self) -> None:
        assert recipes.canvas(((64, 96), (80, 64))) == [2, 80, 96]


class TestSelect:
    """--export-matrix-select"""

    cells = matrix.all_cells(registry())

    def pick(self, *expressions: str) -> list[Cell]:
        return selection.select(self.cells, expressions)

    def test_without_expressions_every_cell_is_selected(self) -> None:
        assert self.pick() == self.cells

    def test_axes_of_one_expression_must_all_match(self) -> None:
        picked = self.pick("architecture=det*,runtime=onnxruntime,device=cpu")
        assert len(picked) == 2 * 6
        assert {(c.architecture, c.runtime) for c in picked} == {("detector", "onnxruntime")}

    def test_expressions_add_up_and_keep_the_order(self) -> None:
        picked = self.pick("batch=2", "batch=1")
        assert picked == [c for c in self.cells if c.batch in "12"]

    def test_several_values_of_one_axis_select_cells_with_any_of_them(self) -> None:
        assert self.pick("batch=1,batch=2") == self.pick("batch=1", "batch=2")

    @pytest.mark.parametrize(
        ("expression", "problem", "nearest"),
        [
            ("architcture=detector", "no axis 'architcture'", "architecture"),
            ("runtime=onnxruntme", "no runtime 'onnxruntme'", "onnxruntime"),
            ("runtime", "'runtime' is not axis=value", None),
            ("runtime=", "'runtime=' is not axis=value", None),
            ("format=pt2,runtime=onnxruntime", "picks no cell", None),
        ],
    )
    def test_an_expression_that_selects_no_cell_is_refused(
        self, expression: str, problem: str, nearest: str | None
    ) -> None:
        with pytest.raises(UsageError) as refused:
            self.pick(expression)
        assert problem in str(refused.value)
        assert refused.value.nearest == nearest
        assert expression in refused.value.asked


class TestProfile:
    slim_and_full = Architecture(
        "a", build="m:a", profiles={"slim": {"depth": 18}, "full": {"depth": 50}}
    )

    def test_an_architecture_gets_the_keywords_of_the_profile(self) -> None:
        (chosen,) = matrix.with_profile([self.slim_and_full], "full")
        assert chosen.keywords == {"depth": 50}

    def test_an_architecture_without_profiles_is_the_same_in_every_profile(self) -> None:
        _, plain = matrix.with_profile([self.slim_and_full, CLASSIFIER], "full")
        assert plain == CLASSIFIER

    def test_an_unknown_profile_is_refused_and_the_nearest_name_is_suggested(self) -> None:
        with pytest.raises(UsageError, match="did you mean 'full'"):
            matrix.with_profile([self.slim_and_full], "ful")


class TestShard:
    @given(parts=st.integers(1, 40))
    def test_shards_are_a_partition_and_share_no_file(self, parts: int) -> None:
        everything = registry()
        cells = matrix.all_cells(everything)
        groups = [everything.recipe(each).capture_key for each in cells]
        shards = [selection.shard(cells, groups, i, parts) for i in range(1, parts + 1)]
        assert sorted(c.id for part in shards for c in part) == sorted(c.id for c in cells)
        keys = [{everything.recipe(each).capture_key for each in part} for part in shards]
        assert sum(map(len, keys)) == len(set(groups))

    @pytest.mark.parametrize("parts", [2, 3, 4])
    def test_shards_are_about_equally_large(self, parts: int) -> None:
        everything = registry()
        cells = matrix.all_cells(everything)
        groups = [everything.recipe(each).capture_key for each in cells]
        largest = max(groups.count(group) for group in groups)
        for part in range(1, parts + 1):
            size = len(selection.shard(cells, groups, part, parts))
            assert abs(size - len(cells) / parts) <= largest


def test_a_model_built_in_an_environment_is_exported_only_there() -> None:
    filled = registry()
    there = replace(CLASSIFIER, name="there", environment="other")
    tracing = replace(TRACING, method="tracing_there", environment="other")
    for entry in (Environment("other"), there, tracing):
        filled.add(entry)
    methods = {(c.architecture, c.method) for c in matrix.all_cells(filled)}
    assert {method for name, method in methods if name == "there"} == {"tracing_there"}
    assert ("classifier", "tracing_there") in methods


def test_only_exporters_of_its_family_export_a_model_of_a_family() -> None:
    filled = registry()
    (pytorch,) = (runtime for runtime in RUNTIMES if runtime.name == "pytorch")
    for entry in (
        replace(CLASSIFIER, name="relative", family="f"),
        replace(TRACING, method="of_family", family="f"),
        replace(pytorch, name="runs_family", family="f"),
    ):
        filled.add(entry)
    cells = matrix.all_cells(filled)
    relative = {(c.method, c.runtime) for c in cells if c.architecture == "relative"}
    assert relative == {("of_family", name) for name in ("pytorch", "libtorch", "runs_family")}
    others = [c for c in cells if c.architecture != "relative"]
    assert not [c for c in others if c.method == "of_family" or c.runtime == "runs_family"]
