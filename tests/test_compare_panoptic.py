"""Two panoptic maps agree if their segments do, whatever numbers the segments have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pytest_export_matrix.compare import Panoptic
from pytest_export_matrix.compare.answers import merge
from pytest_export_matrix.compare.noise import Noise, pool
from pytest_export_matrix.compare.panoptic import compare, measure_answers
from pytest_export_matrix.vocabulary.errors import UsageError

Image = dict[str, Any]
OPTIONS = Panoptic(score_threshold=0.3).options
SIZE = (40, 60)


def image() -> Image:
    """Two objects of classes 1 and 2 (segments 1, 2), and two kinds of stuff, 3 and 4, in the left
    half and in most of the right half. The rest is void."""
    panoptic = np.zeros(SIZE, np.int64)
    panoptic[:, :30] = 3
    panoptic[:30, 30:] = 4
    panoptic[5:15, 5:25] = 1
    panoptic[20:35, 20:40] = 2
    masks = np.stack([panoptic == 1, panoptic == 2])[:, None].astype(np.float32)
    logits = np.zeros((3, *SIZE), np.float32)
    logits[1, :, :30] = 2
    logits[2, :30, 30:] = 2
    return {
        "boxes": np.array([[5, 5, 25, 15], [20, 20, 40, 35]], np.float32),
        "labels": np.array([1, 2]),
        "scores": np.array([0.9, 0.8], np.float32),
        "masks": masks,
        "semantic": logits,
        "panoptic": panoptic,
        "segment_classes": np.array([1, 2, 3, 4]),
    }


def bare(panoptic: Any, classes: Any) -> Image:
    """An image with this map and nothing else in it."""
    empty = np.zeros((0, 4), np.float32)
    return {
        "boxes": empty,
        "scores": empty[:, 0],
        "semantic": np.zeros((2, *panoptic.shape), np.float32),
        "panoptic": panoptic,
        "segment_classes": np.asarray(classes, np.int64),
    }


def judge(reference: Image, actual: Image, **options: Any) -> dict[str, Any]:
    return compare([reference], [actual], {**OPTIONS, **options})


def problems(actual: Image, **options: Any) -> str:
    return "\n".join(judge(image(), actual, **options)["problems"])


def renumbered(original: Image, order: Any) -> Image:
    """The same segments under other numbers: k + 1 becomes order[k] + 1."""
    numbers = np.concatenate([[0], np.asarray(order, np.int64) + 1])
    classes = np.empty_like(original["segment_classes"])
    classes[np.asarray(order, np.int64)] = original["segment_classes"]
    return {**original, "panoptic": numbers[original["panoptic"]], "segment_classes": classes}


def without(original: Image, segment: int) -> Image:
    """The segment becomes void, and the later ones move up."""
    panoptic = original["panoptic"].copy()
    panoptic[panoptic == segment] = 0
    panoptic[panoptic > segment] -= 1
    classes = np.delete(original["segment_classes"], segment - 1)
    return {**original, "panoptic": panoptic, "segment_classes": classes}


@st.composite
def maps(draw: Any) -> Image:
    """Any map whose segments all have pixels."""
    shape = draw(npst.array_shapes(min_dims=2, max_dims=2, max_side=8))
    raw = draw(npst.arrays(np.int64, shape, elements=st.integers(0, 4)))
    used = [n for n in np.unique(raw) if n]
    panoptic = sum((raw == n) * (k + 1) for k, n in enumerate(used)) + 0 * raw
    classes = draw(st.lists(st.integers(1, 3), min_size=len(used), max_size=len(used)))
    return bare(panoptic, classes)


@given(maps())
def test_a_map_is_equal_to_itself(found: Image) -> None:
    same = judge(found, found)
    assert same["problems"] == []
    figures = same["outputs"]["panoptic"]
    assert (figures["min_pq"], figures["min_iou"], figures["max_rel"]) == (1, 1, 0)
    assert figures["matched"] == len(found["segment_classes"])


@given(maps(), st.randoms(use_true_random=False))
def test_segments_with_other_numbers_are_equal(found: Image, random: Any) -> None:
    order = list(range(len(found["segment_classes"])))
    random.shuffle(order)
    assert judge(found, renumbered(found, order)) == judge(found, found)


@given(maps(), st.data())
def test_a_missing_segment_and_an_extra_segment_fail(found: Image, data: Any) -> None:
    count = len(found["segment_classes"])
    if not count:
        return
    fewer = without(found, data.draw(st.integers(1, count)))
    lacking, added = judge(found, fewer), judge(fewer, found)
    assert lacking["problems"] == [f"image 0: panoptic: 1 of {count} segments missing"]
    assert added["problems"] == [f"image 0: panoptic: 1 of {count} segments extra"]
    for verdict, what in ((lacking, "missing"), (added, "extra")):
        assert verdict["deviating"] == ["panoptic"]
        figures = verdict["outputs"]["panoptic"]
        assert (figures["matched"], figures[what], figures["min_iou"]) == (count - 1, 1, 0)
        assert figures["min_pq"] == (count - 1) / (count - 0.5)


@given(maps(), maps())
def test_the_quality_is_one_only_for_equal_segments(first: Image, second: Image) -> None:
    if first["panoptic"].shape != second["panoptic"].shape:
        return
    there, back = judge(first, second), judge(second, first)
    ours, theirs = there["outputs"]["panoptic"], back["outputs"]["panoptic"]
    assert (ours["missing"], ours["extra"]) == (theirs["extra"], theirs["missing"])
    assert ours["min_pq"] == pytest.approx(theirs["min_pq"])
    assert (ours["min_pq"] == 1) == (not there["problems"])


def test_equal_answers_have_no_problem_and_figures_of_all_outputs() -> None:
    found = judge(image(), image())
    assert found["problems"] == []
    assert (found["matched"], found["missing"], found["extra"]) == (2, 0, 0)
    assert list(found["outputs"]) == ["boxes", "labels", "scores", "masks", "semantic", "panoptic"]


@pytest.mark.parametrize(("pixels", "fails"), [(1, False), (2, False), (3, True), (4, True)])
def test_a_segment_must_overlap_by_ninety_nine_percent(pixels: int, fails: bool) -> None:
    """The stuff around segment 1 may take up to two of its 200 pixels."""
    moved = image()
    moved["panoptic"][5, 5 : 5 + pixels] = 3
    wrong = problems(moved)
    assert bool(wrong) == fails
    assert problems(moved, segment_iou=0.9) == ""
    if fails:
        assert "1 of 4 segments overlap by less than 0.99 (the worst by 0.98" in wrong


def test_the_figures_are_those_computed_by_hand() -> None:
    """Segment 2 loses 150 of its 300 pixels to stuff 4. One half is not enough: segment 2 has no
    counterpart. Segments 1 and 3 stay as they are."""
    moved = image()
    region = np.zeros(SIZE, bool)
    region[20:35, 30:40] = True  # 150 pixels of segment 2
    moved["panoptic"][region] = 4
    areas = {n: int((image()["panoptic"] == n).sum()) for n in (1, 2, 3, 4)}
    assert areas == {1: 200, 2: 300, 3: 850, 4: 800}
    figures = judge(image(), moved)["outputs"]["panoptic"]
    assert (figures["matched"], figures["missing"], figures["extra"]) == (3, 1, 1)
    assert figures["min_pq"] == pytest.approx((1 + 1 + 800 / 950) / 4)
    assert figures["min_iou"] == 0


def test_a_shifted_segment_has_the_overlap_computed_by_hand() -> None:
    """10 x 20 pixels, moved by one column: 190 are in both segments, 210 in at least one."""
    there = np.zeros(SIZE, np.int64)
    there[5:15, 5:25] = 1
    pair = bare(there, [1]), bare(np.roll(there, 1, axis=1), [1])
    figures = judge(*pair)["outputs"]["panoptic"]
    assert figures["min_iou"] == figures["min_pq"] == 190 / 210
    assert judge(*pair, segment_iou=0.9)["problems"] == []
    assert judge(*pair, segment_iou=0.91)["problems"]


def test_a_wrong_class_counts_as_a_missing_and_an_extra_segment() -> None:
    wrong = problems({**image(), "segment_classes": np.array([1, 2, 3, 3])})
    assert "1 of 4 segments missing" in wrong
    assert "1 of 4 segments extra" in wrong


def test_a_shift_of_the_map_by_one_pixel_fails() -> None:
    wrong = problems({**image(), "panoptic": np.roll(image()["panoptic"], 1, axis=1)})
    assert "segments overlap by less than 0.99" in wrong


def test_two_empty_maps_are_equal_and_an_empty_map_differs_from_a_filled_one() -> None:
    void = np.zeros(SIZE, np.int64)
    one = void.copy()
    one[3:9] = 1
    both = judge(bare(void, []), bare(void, []))
    assert both["problems"] == []
    assert both["matched"] == 0
    assert both["outputs"]["panoptic"]["min_pq"] == 1
    assert "1 of 1 segments missing" in judge(bare(one, [4]), bare(void, []))["problems"][0]
    assert "1 of 1 segments extra" in judge(bare(void, []), bare(one, [4]))["problems"][0]


def test_numbers_without_a_class_and_classes_without_pixels_fail_on_either_side() -> None:
    numbered = image()
    numbered["panoptic"][0, 0] = 7
    numbered["panoptic"][0, 1] = -1
    assert "panoptic: segments [-1, 7] are without a class" in problems(numbered)
    empty = {**image(), "segment_classes": np.array([1, 2, 3, 4, 4])}
    assert "panoptic: segments [5] are without pixels" in problems(empty)
    assert "in the reference" in judge(empty, image())["problems"][0]
    assert judge(empty, empty)["problems"]  # such an eager model is wrong itself


def test_detections_in_a_panoptic_answer_are_compared_like_plain_ones() -> None:
    original = image()
    fewer = {name: original[name][:1] for name in ("boxes", "labels", "scores", "masks")}
    assert "1 of 2 detections missing" in problems({**original, **fewer})
    brighter = {**original, "masks": original["masks"] * np.float32(0.99)}
    assert "masks: " in problems(brighter)
    assert "overlap by less than 0.998" in problems(brighter, mask_iou=0.998)


def noise_of_1e_5() -> Noise:
    """Eager's own logits lie 1e-5 apart."""
    near = image()
    near["semantic"] += np.float32(1e-5)
    noise = measure_answers([image()], [[near]], None, OPTIONS)
    pool([noise])
    return noise


def test_the_semantic_map_is_compared_by_values() -> None:
    original = image()
    off = {**original, "semantic": original["semantic"] + np.float32(1e-4)}
    assert compare([original], [off], OPTIONS, noise_of_1e_5())["problems"] == []
    assert "semantic: 7200 of 7200 values outside tolerance" in problems(off)
    off = {**original, "semantic": original["semantic"] * np.float32(1.01)}
    assert "semantic: " in problems(off)
    assert judge(image(), off)["deviating"] == ["semantic"]


def test_the_semantic_map_is_compared_by_its_most_probable_classes() -> None:
    """Where two classes are nearly equal, a deviation within tolerance can change the class."""
    near, moved = image(), image()
    near["semantic"][2, 0, :20] = 2 - 5e-5
    moved["semantic"][2, 0, :20] = 2 + 5e-5
    found = compare([near], [moved], OPTIONS, noise_of_1e_5())
    assert "semantic: 0.83% of the pixels of another class" in found["problems"][0]
    found = compare([near], [moved], {**OPTIONS, "semantic_pixels": 0.009}, noise_of_1e_5())
    assert found["problems"] == []
    assert found["outputs"]["semantic"]["pixels_of_another_class"] == pytest.approx(20 / 2400)


def test_nan_fails() -> None:
    broken = image()
    broken["semantic"][1, 2, 3] = np.nan
    assert "semantic: 1 of 7200 values are NaN" in problems(broken)


@pytest.mark.parametrize("name", ["boxes", "semantic", "panoptic", "segment_classes"])
def test_a_missing_output_fails(name: str) -> None:
    original = image()
    del original[name]
    found = compare([image()], [original], OPTIONS)
    assert f"no {name} of" in found["problems"][0]
    assert found["deviating"] == ["structure"]
    assert "the reference is no list" in judge(original, original)["problems"][0]


def test_another_order_of_outputs_and_an_extra_output_fail() -> None:
    assert "expected boxes, labels" in problems(dict(reversed(image().items())))
    assert "expected boxes, labels" in problems({**image(), "depth": np.zeros(SIZE)})


@pytest.mark.parametrize("name", ["semantic", "panoptic"])
def test_another_shape_fails(name: str) -> None:
    cut = image()[name][..., :-1]
    assert f"{name}: shape" in problems({**image(), name: cut})


def test_a_map_of_another_type_fails() -> None:
    narrow = {**image(), "panoptic": image()["panoptic"].astype(np.int32)}
    assert "panoptic: dtype int32, expected int64" in problems(narrow)
    real = {**image(), "panoptic": image()["panoptic"].astype(np.float32)}
    assert "panoptic of dtype float32, expected integers" in problems(real)


def test_an_unmerged_answer_consists_of_detections_and_a_semantic_map() -> None:
    options = Panoptic(merged=False).options
    maps = ("panoptic", "segment_classes")
    unmerged = {name: array for name, array in image().items() if name not in maps}
    found = compare([unmerged], [unmerged], options)
    assert (found["problems"], found["matched"]) == ([], 2)
    assert "semantic" in found["outputs"]
    other = {**unmerged, "semantic": unmerged["semantic"] + 1}
    assert compare([unmerged], [other], options)["deviating"] == ["semantic"]
    assert compare([unmerged], [unmerged], OPTIONS)["deviating"] == ["structure"]
    assert compare([image()], [image()], options)["deviating"] == ["structure"]


def test_fewer_images_fail() -> None:
    found = compare([image(), image()], [image()], OPTIONS)
    assert found["problems"] == ["answers for 1 of 2 images"]


def test_several_answers_add_up_their_segments_and_keep_the_worst_figures() -> None:
    moved = image()
    moved["panoptic"][5, 5] = 3
    two = compare([image(), image()], [moved, image()], OPTIONS)
    (figures,) = (merge({}, two)["panoptic"],)
    assert (figures["matched"], figures["min_iou"]) == (8, 199 / 200)
    again = merge(merge({}, two), judge(image(), image()))["panoptic"]
    assert (again["matched"], again["min_iou"]) == (12, 199 / 200)
    assert again["min_pq"] == figures["min_pq"] < 1


@pytest.mark.parametrize(
    "options", [{"segment_iou": 0.5}, {"mask_iou": 0.002}, {"semantic_pixels": 0.5}]
)
def test_bounds_that_any_answer_would_pass_are_refused(options: Any) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        Panoptic(**options)
