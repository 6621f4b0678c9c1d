"""Results of several shards or machines combine to what a single run would write."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import cells, environments, failed, passed, result, results

from pytest_export_matrix.reporting.reporters import markdown
from pytest_export_matrix.results.combine import combine
from pytest_export_matrix.results.file import dumps
from pytest_export_matrix.results.results import Matrix, Results
from pytest_export_matrix.vocabulary.errors import ResultsError
from pytest_export_matrix.vocabulary.outcomes import Outcome

EVERY = cells("b", "a")
ENDED = [failed(c) if c.batch == "dynamic" else passed(1e-7, c) for c in EVERY]
WHOLE = results(ENDED)


def part(*indices: int, shard: str | None = None) -> Results:
    return results([ENDED[i] for i in indices], EVERY, shard=shard)


@given(st.permutations(range(3)))
def test_shards_in_any_order_combine_to_the_results_of_a_single_run(order: list[int]) -> None:
    shards = [part(*range(i, len(EVERY), 3), shard=f"{i + 1}/3") for i in range(3)]
    combined = combine([(str(i), shards[i]) for i in order])
    assert dumps(combined.results) == dumps(WHOLE)
    assert markdown.render(combined.results) == markdown.render(WHOLE)
    assert (combined.conflicts, combined.missing) == ([], [])


def test_a_missing_shard_is_named_and_the_results_are_incomplete() -> None:
    shards = [part(*range(i, len(EVERY), 3), shard=f"{i + 1}/3") for i in (0, 2)]
    combined = combine([("one", shards[0]), ("three", shards[1])])
    assert combined.missing == ["2/3"]
    assert not combined.results.complete
    assert combined.results.planned == len(EVERY)


def test_selections_combine_to_the_results_of_one_selection() -> None:
    first, second = part(0, 1, 2), part(2, 3)
    combined = combine([("first", first), ("second", second)]).results
    assert combined.complete
    assert dumps(combined) == dumps(part(0, 1, 2, 3))
    interrupted = replace(second, planned=3)
    assert combine([("first", first), ("second", interrupted)]).results.planned == 5


def test_results_of_a_machine_with_a_gpu_replace_unavailable_ones() -> None:
    there = [ended for ended in ENDED if ended.cell.format == "onnx"]
    here = [result(e.cell, Outcome.UNAVAILABLE) if e in there else e for e in ENDED]
    gpu = results(there, EVERY, environments=environments(torch="2.14+cu126"))

    for files in ([results(here), gpu], [gpu, results(here)]):
        combined = combine([(str(i), file) for i, file in enumerate(files)]).results

        assert combined.complete
        assert combined.counts == WHOLE.counts
        versions = {
            r.cell.format: combined.environments[r.environment].packages["torch"]
            for r in combined.cells
        }
        assert versions == {"torchscript": "2.14", "onnx": "2.14+cu126"}


def test_if_two_results_differ_the_failure_is_kept_and_the_conflict_reported() -> None:
    red = results([failed(EVERY[0], deviating=["boxes"])], EVERY)
    green = results([passed(0.0, EVERY[0])], EVERY)
    for files in ([red, green], [green, red]):
        combined = combine([(str(i), file) for i, file in enumerate(files)])
        assert [r.outcome for r in combined.results.cells] == ["failed"]
        assert combined.conflicts == [(EVERY[0], "failed at compare (boxes)", "passed")]


def test_equal_results_are_no_conflict() -> None:
    assert combine([("one", WHOLE), ("two", WHOLE)]).conflicts == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (results(ENDED, cells("a", "b", "c")), "architecture c is only in one of them"),
        (replace(WHOLE, matrix=Matrix.of(EVERY, "full")), "profile full, not slim"),
        (replace(WHOLE, matrix=None), "does not say which matrix"),
    ],
)
def test_files_of_different_matrices_are_refused(other: Results, said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        combine([("one.json", WHOLE), ("two.json", other)])
