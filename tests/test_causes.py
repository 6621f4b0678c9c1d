"""Failing cells are grouped into causes."""

from __future__ import annotations

from states import cells, failed, passed, result

from pytest_export_matrix.reporting.causes import causes
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage


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
