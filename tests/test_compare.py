"""A comparison fails for every wrong answer, and for no right one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pytest_export_matrix.compare import Detections, detections, matching, tensors
from pytest_export_matrix.compare.answers import well_formed
from pytest_export_matrix.compare.arrays import compare_arrays
from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.errors import UsageError
from pytest_export_matrix.vocabulary.outcomes import Failure

Image = dict[str, Any]


def image(count: int = 6, seed: int = 0) -> Image:
    """`count` boxes side by side, without overlap, in descending order of scores."""
    random = np.random.default_rng(seed)
    left = np.arange(count) * 40 + random.uniform(1, 9, count)
    top = random.uniform(5, 60, count)
    sides = random.uniform(12, 28, (2, count))
    boxes = np.stack([left, top, left + sides[0], top + sides[1]], axis=1)
    return {
        "boxes": boxes.astype(np.float32),
        "labels": random.integers(1, 4, count),
        "scores": np.linspace(0.95, 0.31, count, dtype=np.float32),
        "masks": random.uniform(0, 1, (count, 1, 8, 8)).astype(np.float32),
    }


def changed(original: Image, **fields: Any) -> Image:
    return {**original, **fields}


def compare(reference: Any, actual: Any, threshold: float | None = 0.3) -> dict[str, Any]:
    return detections.compare(reference, actual, {"score_threshold": threshold})


class TestDetections:
    reference = image()

    def problems(self, **fields: Any) -> str:
        found = compare([self.reference], [changed(self.reference, **fields)])
        return "\n".join(found["problems"])

    def test_equal_answers_have_no_problem(self) -> None:
        found = compare([self.reference], [changed(self.reference)])
        assert found["problems"] == []
        assert (found["matched"], found["missing"], found["extra"]) == (6, 0, 0)
        assert found["outputs"]["boxes"]["max_abs"] == 0

    def test_another_order_of_the_detections_is_the_same_answer(self) -> None:
        turned = {name: array[::-1] for name, array in self.reference.items()}
        assert compare([self.reference], [turned])["problems"] == []

    def test_rounding_noise_is_within_tolerance(self) -> None:
        noisy = self.reference["boxes"] * np.float32(1 + 1e-6)
        assert (
            self.problems(boxes=noisy, scores=self.reference["scores"] * np.float32(1 + 1e-6)) == ""
        )

    @pytest.mark.parametrize("name", ["boxes", "scores", "masks"])
    def test_a_deviation_of_one_percent_fails(self, name: str) -> None:
        wrong = self.problems(**{name: self.reference[name] * np.float32(1.01)})
        assert f"{name}: " in wrong
        assert "outside tolerance" in wrong

    def test_swapped_coordinates_are_recognised(self) -> None:
        wrong = self.problems(boxes=self.reference["boxes"][:, [1, 0, 3, 2]])
        assert "detections missing" in wrong
        assert "detections extra" in wrong
        assert "match with x and y swapped" in wrong

    def test_a_wrong_class_counts_as_a_missing_and_an_extra_detection(self) -> None:
        found = compare(
            [self.reference], [changed(self.reference, labels=self.reference["labels"] + 9)]
        )
        assert (found["matched"], found["missing"], found["extra"]) == (0, 6, 6)

    def test_a_box_without_area_is_matched_within_tolerance(self) -> None:
        line = np.array([[42.1, 0.0, 114.8, 0.0]], np.float32)
        clipped = {"boxes": line, "labels": np.array([1]), "scores": np.array([0.8], np.float32)}
        moved = changed(clipped, boxes=line + np.float32([0, 0, 3e-5, 0]))
        assert compare([clipped], [moved])["problems"] == []
        wrong = changed(clipped, boxes=line + np.float32([0, 0, 3, 0]))
        assert compare([clipped], [wrong])["missing"] == 1

    @pytest.mark.parametrize("keep", [0, 5])
    def test_missing_detections_are_counted(self, keep: int) -> None:
        fewer = {name: array[:keep] for name, array in self.reference.items()}
        found = compare([self.reference], [fewer])
        assert found["missing"] == 6 - keep
        assert f"{6 - keep} of 6 detections missing" in found["problems"][0]

    def test_an_extra_detection_fails(self) -> None:
        fewer = {name: array[:5] for name, array in self.reference.items()}
        assert "1 of 6 detections extra" in compare([fewer], [self.reference])["problems"][0]

    def test_two_detections_are_not_matched_with_one(self) -> None:
        twice = {name: np.concatenate([array, array[:1]]) for name, array in self.reference.items()}
        assert compare([self.reference], [twice])["extra"] == 1

    def test_at_the_threshold_a_detection_may_be_missing_and_the_result_says_so(self) -> None:
        scores = self.reference["scores"].copy()
        scores[-1] = 0.3000004
        full = changed(self.reference, scores=scores)
        fewer = {name: array[:5] for name, array in full.items()}
        found = compare([full], [fewer])
        assert found["problems"] == []
        assert found["missing"] == 1
        assert found["notes"] == ["1 missing within tolerance of the score threshold"]
        assert compare([full], [fewer], threshold=None)["problems"]

    def test_two_answers_without_detections_are_equal(self) -> None:
        nothing = {name: array[:0] for name, array in self.reference.items()}
        found = compare([nothing], [nothing])
        assert (found["problems"], found["matched"]) == ([], 0)

    @pytest.mark.parametrize("name", ["boxes", "scores", "masks"])
    def test_nan_fails(self, name: str) -> None:
        broken = self.reference[name].copy()
        broken.flat[3] = np.nan
        assert f"{name}: 1 values are NaN" in self.problems(**{name: broken})

    def test_another_dtype_fails(self) -> None:
        wrong = self.problems(boxes=self.reference["boxes"].astype(np.float64))
        assert "boxes: dtype float64, expected float32" in wrong

    def test_another_shape_fails(self) -> None:
        assert "masks: shape" in self.problems(masks=self.reference["masks"][:, :, :4])

    def test_outputs_of_unequal_length_fail(self) -> None:
        assert "as many of each output" in self.problems(masks=self.reference["masks"][:3])

    def test_another_order_of_outputs_fails(self) -> None:
        turned = dict(reversed(self.reference.items()))
        assert "expected boxes, labels" in compare([self.reference], [turned])["problems"][0]

    def test_a_missing_output_fails(self) -> None:
        fewer = {name: self.reference[name] for name in ("boxes", "labels", "scores")}
        assert (
            "expected boxes, labels, scores, masks"
            in compare([self.reference], [fewer])["problems"][0]
        )

    def test_fewer_images_fail_before_any_value(self) -> None:
        found = compare([self.reference, image(seed=1)], [self.reference])
        assert found["problems"] == ["answers for 1 of 2 images"]
        assert found["outputs"] == {}

    def test_a_reference_that_is_not_a_list_of_detections_is_reported(self) -> None:
        assert "the reference is no list" in compare(np.zeros(3), np.zeros(3))["problems"][0]

    @given(st.integers(0, 9), st.integers(0, 9), st.randoms(use_true_random=False))
    def test_each_detection_is_matched_at_most_once(self, n: int, m: int, random: Any) -> None:
        a, b = image(n, random.randrange(99)), image(m, random.randrange(99))
        pairs = matching.match(a, b)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs) <= min(n, m)

    @given(st.permutations(range(6)))
    def test_matching_undoes_any_order(self, order: list[int]) -> None:
        turned = {name: array[order] for name, array in self.reference.items()}
        assert matching.match(self.reference, turned) == sorted(
            (old, new) for new, old in enumerate(order)
        )


def disc(centre: tuple[float, float], radius: float, size: tuple[int, int], edge: float) -> Any:
    """A mask [1, H, W] that falls from 1 to 0 over `edge` pixels at its border."""
    y, x = np.mgrid[: size[0], : size[1]]
    inside = radius - np.hypot(y - centre[0], x - centre[1])
    return np.clip(inside / edge + 0.5, 0, 1)[None].astype(np.float32)


class TestMasksByOverlap:
    """`Detections(mask_iou=0.998)`: single pixels may differ, objects may not."""

    SIZE = (120, 340)
    RADIUS = 40.2  # no pixel lies on the edge: a mask with a sharp edge is binary
    CENTRES = ((60.0, 60.0), (50.0, 160.0), (60.0, 270.0))

    def scene(self, edge: float, shift: int = 0, size: tuple[int, int] = SIZE) -> Image:
        """Three round objects; the masks of all are `shift` pixels to the right of their boxes."""
        r = self.RADIUS
        masks = [disc((y, x + shift), r, size, edge) for y, x in self.CENTRES]
        boxes = [[x - r, y - r, x + r, y + r] for y, x in self.CENTRES]
        return {
            "boxes": np.array(boxes, np.float32),
            "labels": np.array([1, 1, 2]),
            "scores": np.array([0.9, 0.8, 0.7], np.float32),
            "masks": np.stack(masks),
        }

    def problems(self, reference: Image, actual: Image, mask_iou: float | None = 0.998) -> str:
        options = {"score_threshold": 0.3, "mask_iou": mask_iou}
        return "\n".join(detections.compare([reference], [actual], options)["problems"])

    @pytest.mark.parametrize("edge", [1e-6, 1.0, 6.0])
    def test_a_few_pixels_may_differ_only_if_masks_are_compared_by_overlap(
        self, edge: float
    ) -> None:
        reference = self.scene(edge)
        pixels = reference["masks"].copy()
        pixels[0, 0, 60, 30:34] = 0.3
        moved = changed(reference, masks=pixels)
        assert self.problems(reference, moved) == ""
        assert "outside tolerance" in self.problems(reference, moved, mask_iou=None)

    @pytest.mark.parametrize("edge", [1e-6, 1.0, 6.0])
    @pytest.mark.parametrize("size", [SIZE, (1200, 3400)])
    def test_a_shift_by_one_pixel_fails_however_large_the_image_is(
        self, edge: float, size: tuple[int, int]
    ) -> None:
        wrong = self.problems(self.scene(edge, size=size), self.scene(edge, shift=1, size=size))
        assert "masks: 3 of 3 overlap by less than 0.998" in wrong

    def test_the_mask_of_another_object_fails(self) -> None:
        reference = self.scene(1.0)
        turned = changed(reference, masks=reference["masks"][[1, 0, 2]])
        assert "masks: 2 of 3 overlap by less than 0.998" in self.problems(reference, turned)

    def test_probabilities_that_are_off_everywhere_fail(self) -> None:
        reference = self.scene(6.0)
        fainter = changed(reference, masks=reference["masks"] * np.float32(0.99))
        assert "masks: 3 of 3" in self.problems(reference, fainter)

    @pytest.mark.parametrize("factor", [0, -1])
    def test_an_empty_mask_and_a_negative_one_fail(self, factor: int) -> None:
        reference = self.scene(1.0)
        broken = reference["masks"].copy()
        broken[1] *= factor
        assert "masks: 1 of 3" in self.problems(reference, changed(reference, masks=broken))

    def test_an_infinite_probability_fails_even_outside_the_object(self) -> None:
        reference = self.scene(1.0)
        broken = reference["masks"].copy()
        broken[1, 0, 3, 3] = np.inf
        infinite = changed(reference, masks=broken)
        assert "masks: 1 of" in self.problems(reference, infinite)
        assert "are NaN or infinite" in self.problems(infinite, infinite)

    def test_the_figures_say_what_was_measured(self) -> None:
        reference = self.scene(1e-6)
        pixels = reference["masks"].copy()
        pixels[1, 0, 50, 160] = 0
        options = {"mask_iou": 0.998}
        found = detections.compare([reference], [changed(reference, masks=pixels)], options)
        area = reference["masks"][1].sum()
        figures = found["outputs"]["masks"]
        assert figures["max_abs"] == 1
        assert figures["max_rel"] == pytest.approx(1 / area)
        assert figures["min_iou"] == pytest.approx(1 - 1 / area)
        assert figures["least_iou"] == 0.998

    def test_the_figures_of_the_worst_image_are_kept(self) -> None:
        exact, blurred = self.scene(1.0), self.scene(3.0)
        options = {"mask_iou": 0.998}
        pairs = ([exact, exact, exact], [exact, blurred, exact])
        figures = detections.compare(*pairs, options)["outputs"]["masks"]
        assert figures["min_iou"] == 1 - figures["max_rel"] < 0.998

    @pytest.mark.parametrize("count", [0, 3])
    def test_empty_masks_are_equal_to_each_other(self, count: int) -> None:
        reference = {name: array[:count] for name, array in self.scene(1.0).items()}
        empty = changed(reference, masks=np.zeros_like(reference["masks"]))
        found = detections.compare([empty], [empty], {"mask_iou": 0.998})
        assert found["problems"] == []
        figures = {"max_abs": 0, "max_rel": 0, "min_iou": 1, "least_iou": 0.998}
        assert found["outputs"]["masks"] == figures

    @given(st.integers(0, 2), st.integers(20, 400), st.floats(0, 1, width=32))
    def test_a_mask_fails_if_too_large_a_share_of_its_object_differs(
        self, index: int, pixels: int, value: float
    ) -> None:
        """For a binary mask the figure is the share of pixels that differ, times the difference."""
        reference = self.scene(1e-6)
        masks = reference["masks"].copy()
        inside = np.flatnonzero(masks[index])
        masks[index].flat[inside[:pixels]] = value
        share = pixels * (1 - value) / len(inside)
        wrong = self.problems(reference, changed(reference, masks=masks))
        if abs(share - 0.002) > 1e-6:
            assert bool(wrong) == (share > 0.002)

    @pytest.mark.parametrize("value", [0.5, 1.001, 0.002, -1, 0])
    def test_a_required_overlap_that_makes_no_sense_is_refused(self, value: float) -> None:
        with pytest.raises(UsageError, match="for instance mask_iou"):
            Detections(mask_iou=value)


class TestTensors:
    def problems(self, reference: Any, actual: Any) -> list[str]:
        found: list[str] = tensors.compare(reference, actual, {})["problems"]
        return found

    def test_equal_trees_have_no_problem(self) -> None:
        tree = {"out": np.ones((2, 3), np.float32), "aux": [np.arange(3)]}
        assert self.problems(tree, tree) == []

    def test_the_number_of_outputs_is_checked_first(self) -> None:
        one = np.ones(2, np.float32)
        assert self.problems((one, one), (one,)) == ["1 outputs (0), expected 2 (0, 1)"]

    def test_the_names_of_outputs_are_checked(self) -> None:
        one = np.ones(2, np.float32)
        assert self.problems({"a": one}, {"b": one}) == ["outputs b, expected a"]

    def test_small_outputs_have_small_tolerances(self) -> None:
        softmax = np.full(1000, 1e-3, np.float32)
        assert self.problems(softmax, softmax * np.float32(1.01))

    def test_integers_must_be_equal(self) -> None:
        (problem,) = self.problems(np.arange(4), np.array([0, 1, 2, 4]))
        assert problem == "output: 1 of 4 values differ"

    def test_a_reference_without_tensors_proves_nothing(self) -> None:
        assert self.problems([], []) == ["the reference holds no tensor"]

    def test_an_infinity_is_equal_only_to_itself(self) -> None:
        masked = np.array([-np.inf, 1.0], np.float32)
        assert self.problems(masked, masked) == []
        assert self.problems(masked, np.array([1.0, 1.0], np.float32))
        assert self.problems(masked, -masked)


finite = st.floats(-1e6, 1e6, width=32)
arrays = npst.arrays(np.float32, npst.array_shapes(max_dims=3, max_side=5), elements=finite)


@given(arrays)
def test_an_array_is_equal_to_itself(array: Any) -> None:
    assert compare_arrays("a", array, array)[1] == []


@given(arrays, st.data())
def test_one_value_that_is_off_by_a_percent_of_the_largest_fails(array: Any, data: Any) -> None:
    largest = float(np.abs(array).max())
    if largest < 1e-30:
        return
    index = data.draw(st.integers(0, array.size - 1))
    wrong = array.copy()
    wrong.flat[index] += np.float32(0.01 * largest)
    assert compare_arrays("a", array, wrong)[1]


KIND = OutputKind("mine", "mine:compare")


def test_figures_of_any_number_type_become_numbers() -> None:
    figures = {"max_abs": np.float32(0.5), "n": np.int64(3)}
    returned = {"problems": [], "outputs": {"x": figures}, "matched": np.int8(2)}
    found = well_formed(returned, KIND)
    assert found["outputs"] == {"x": {"max_abs": 0.5, "n": 3.0}} and found["matched"] == 2
    json.dumps(found)


def test_a_figure_that_is_not_finite_is_none() -> None:
    outputs = {"x": {"max_abs": float("nan"), "max_rel": 0.0}}
    found = well_formed({"problems": [], "outputs": outputs}, KIND)
    assert found["outputs"] == {"x": {"max_rel": 0.0}}


@pytest.mark.parametrize(
    "returned",
    [
        None,
        [],
        "equal",
        {},
        {"problems": "no"},
        {"problems": [3]},
        {"problems": None},
        {"problems": [], "outputs": {"x": {"max_rel": "abc"}}},
        {"problems": [], "outputs": {"x": 3}},
        {"problems": [], "outputs": [1]},
        {"problems": [], "outputs": {"x": {"max_rel": 10**400}}},
        {"problems": [], "matched": "many"},
        {"problems": [], "deviating": [None]},
    ],
)
def test_a_comparison_that_returns_something_else_is_a_failure_that_names_it(
    returned: object,
) -> None:
    with pytest.raises(Failure, match="compare='mine:compare' returned no deviation"):
        well_formed(returned, KIND)
