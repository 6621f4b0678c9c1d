"""What a terminal shows at the end of a run: short for every matrix, whole with -v."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest
from states import cells, failed, passed, result, results

from pytest_export_matrix.judging.baseline import Accepted, Baseline
from pytest_export_matrix.judging.verdict import changes, judge
from pytest_export_matrix.reporting import terminal
from pytest_export_matrix.reporting.grades import fit
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Sight, Stage

LINES = 60
#: What pytest itself prints around it, and our lines about reports and documents.
AROUND = 8


def lines(found: List[Result], accepted: bool = False, **more: Any) -> List[Tuple[str, str]]:
    """What is said of `found`. All that failed is accepted by a baseline, or nothing is."""
    ended = {each.cell.id: Accepted.of(each) for each in found if not each.passed}
    state = Baseline("slim", ended, {}) if accepted else None
    verdicts = {each.cell.id: judge(each, state) for each in found}
    said = changes(found, verdicts, "baseline b.json") if accepted else None
    shown = terminal.lines(results(found, changes=said), verdicts, {"run": 12.0}, **more)
    return [(colour, line) for colour, text in shown for line in text.split("\n")]


def many() -> List[Result]:
    """Nine hundred cells of forty architectures, with a hundred causes."""
    found = []
    for n in range(40):
        for method in range(4):
            for index, runtime in enumerate(("pytorch", "libtorch", "onnxruntime")):
                cell = Cell(
                    f"detector_{n}", f"method_{method}", "onnx", runtime, "cpu", "fixed", "1"
                )
                why = f"no operator number{'x' * (n + index)} in this file"
                fails = failed(cell, Stage.RUN, reason=why, repro=f"pytest {cell.id}")
                found.append(fails if (n + method) % 3 else passed(1e-6, cell))
    return found


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("width", [80, 140])
def test_a_run_of_any_size_has_at_most_sixty_lines(width: int, accepted: bool) -> None:
    found = many()
    for each in found:
        each.sight = Sight(9, ["p7.weight"])
    said = lines(found, accepted, width=width)
    sights = list(terminal.sights(results(found), percent=95))
    assert len(said) + len(sights) + AROUND <= LINES


@pytest.mark.parametrize("width", [80, 140])
def test_no_line_is_wider_than_the_terminal_except_commands(width: int) -> None:
    said = [line for _, line in lines(many(), width=width) if not line.startswith("    pytest ")]
    assert max(map(len, said)) <= width


def test_at_80_columns_entries_with_many_references_stand_apart() -> None:
    found = []
    for n in range(30):
        for resolution in ("fixed", "dynamic"):
            way = (f"net_{n}", "tracing_adapter_of_detectron2", "onnx", "detectron2_libtorch_1_10")
            cell = Cell(*way, "cpu", resolution, "1")
            right = not n % 6
            reason = f"no operator {'abcdef'[n % 6]} in this file"
            found.append(passed(1e-6, cell) if right else failed(cell, Stage.RUN, reason=reason))
    (row,) = (line for _, line in lines(found, width=80) if "libtorch" in line and "5/30" in line)
    assert row == "  detectron2_libtorch_1_10 ◐ 5/30 ¹ ² … ◐ 5/30 ¹ ² … –            –"


def test_a_name_that_is_cut_keeps_its_end() -> None:
    assert fit("scripting_with_instances_0_6") == "scripting_with_…nces_0_6"
    assert fit("detectron2_torch_export (prepared)") == "dete…h_export (prepared)"
    assert fit("failed at compare (boxes and more)") == "failed at compare (boxe…"


def test_verbose_leaves_nothing_out() -> None:
    found = many()
    text = "\n".join(line for _, line in lines(found, more=True))
    assert "more:" not in text and "..." not in text
    for each in found:
        if not each.passed:
            assert (each.reason or "") in text


def test_what_fails_the_run_is_red_and_has_the_command_of_its_simplest_cell() -> None:
    first, second, *_ = cells("net")
    found = [
        failed(first, reason="at [3, 300, 400]: why", repro="pytest large"),
        failed(second, reason="at [3, 24, 32]: why", repro="pytest small"),
    ]
    said = lines(found)
    assert ("red", "¹ 2 failed at compare: why") in said
    assert ("", "    pytest small") in said and ("", "    pytest large") not in said
    assert ("", "2 failures with 1 cause:") in said


def test_accepted_failures_are_counted_beside_those_that_fail_the_run() -> None:
    one, other, *_ = cells("net")
    known, broke = failed(one, reason="known"), failed(other, reason="new", repro="pytest x")
    state = Baseline("slim", {known.cell.id: Accepted.of(known)}, {broke.cell.id: 1e-7})
    verdicts = {each.cell.id: judge(each, state) for each in (known, broke)}
    said = [line for _, line in terminal.lines(results([known, broke]), verdicts, {})]
    assert "1 failure with 1 cause:" in said
    assert "1 failure with 1 cause, accepted by the baseline" in said
    assert any("new" in line for line in said) and not any("known" in line for line in said)


def test_where_all_failures_are_accepted_their_causes_are_told() -> None:
    found = [failed(cell, reason="no such operator") for cell in cells("net")]
    said = lines(found, accepted=True)
    assert ("yellow", "¹ 12 failed at compare: no such operator") in said


def test_a_pass_that_fails_the_run_is_named() -> None:
    one = cells("net")[0]
    now = passed(0.0, one, repro="pytest x")
    state = Baseline("slim", {one.id: Accepted.of(failed(one))}, {})
    said = list(terminal.lines(results([now]), {one.id: judge(now, state)}, {}))
    assert any(colour == "red" and line.startswith(f"{one.id}: passed: ") for colour, line in said)


def test_what_is_not_here_is_said_with_its_number() -> None:
    absent = [result(cell, Outcome.UNAVAILABLE, reason="no GPU") for cell in cells("net")]
    assert ("yellow", "12 unavailable: no GPU") in lines(absent)


def test_models_without_a_reference_are_counted_as_not_tested() -> None:
    found = [failed(cell, Stage.BUILD, reason="no such module") for cell in cells("net")]
    text = "\n".join(line for _, line in lines(found))
    assert "12 cells planned: 12 failed, of the failures 12 could not be tested" in text


def test_a_model_that_could_not_be_tested_is_told_once_with_what_mends_it() -> None:
    why = "AssertionError: input of 224 x 256, the model takes 224 x 224"
    found = [failed(cell, Stage.REFERENCE, reason=why) for cell in cells("vit")]
    said = [line for _, line in lines(found)]
    assert "¹ vit could not be tested: 12 failed at reference" in said
    assert any(line.startswith("    where it takes other inputs: sizes=") for line in said)
    found = [failed(cell, Stage.BUILD, reason="ImportError: no timm") for cell in cells("vit")]
    assert "    mend what build= or --export-matrix-model names" in [x for _, x in lines(found)]
