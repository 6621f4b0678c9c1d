"""The baseline file is small and sorted. Any other file is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import cells

from pytest_export_matrix.judging.baseline import ACCEPTABLE, Accepted, Baseline, dumps, load, loads
from pytest_export_matrix.vocabulary.errors import BaselineError
from pytest_export_matrix.vocabulary.outcomes import STAGES

EVERY = [cell.id for cell in cells("a", "b")]
BASELINE = Baseline(
    "slim",
    {
        EVERY[1]: Accepted("crashed", "run"),
        EVERY[0]: Accepted("failed", "compare", ("boxes",), "rounds", "https://example.org/1"),
    },
    {EVERY[3]: 2.4e-07, EVERY[2]: None, EVERY[4]: 0.0},
)
TEXT = """\
{"format_version": 1, "profile": "slim",
 "accepted": [
{"cell": "a-tracing-torchscript-pytorch-cpu-fixed-1", "outcome": "failed", "stage": "compare", \
"outputs": ["boxes"], "note": "rounds", "issue": "https://example.org/1"},
{"cell": "a-tracing-torchscript-pytorch-cpu-fixed-2", "outcome": "crashed", "stage": "run"}
],
 "passing": [
{"cells": "a-tracing-torchscript-pytorch-cpu", "deviation": \
{"dynamic-1": "2e-07", "dynamic-2": "0e+00", "fixed-dynamic": null}}
]}
"""


def test_a_baseline_holds_one_accepted_cell_per_line_sorted() -> None:
    assert dumps(BASELINE) == TEXT


accepted = st.builds(
    Accepted,
    st.sampled_from(ACCEPTABLE),
    st.none() | st.sampled_from(STAGES),
    st.lists(st.text()).map(sorted).map(tuple),
    st.text(),
    st.just("") | st.text().map("https://{}".format),
)


@given(
    entries=st.dictionaries(st.sampled_from(EVERY[:9]), accepted),
    passing=st.dictionaries(
        st.sampled_from(EVERY[9:]), st.none() | st.sampled_from([0.0, 1e-7, 3e-5])
    ),
    profile=st.text(),
)
def test_a_baseline_is_read_back(
    entries: dict[str, Accepted], passing: dict[str, float], profile: str
) -> None:
    written = Baseline(profile, entries, passing)
    assert loads(dumps(written), "b") == written


def test_a_baseline_without_accepted_failures_is_small() -> None:
    assert len(dumps(Baseline("slim")).splitlines()) == 3


def test_if_the_file_is_missing_the_error_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="no such file") as error:
        load(tmp_path / "baseline.json")
    assert "--export-matrix-update" in str(error.value.remedy)


@pytest.mark.parametrize("length", range(0, len(TEXT) - 2, 23))
def test_a_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(BaselineError, match="truncated"):
        loads(TEXT[:length], "baseline.json")


def test_a_newer_format_is_refused_with_the_command_that_mends_it() -> None:
    with pytest.raises(BaselineError, match="newer") as error:
        loads(TEXT.replace('version": 1', 'version": 2'), "baseline.json")
    assert error.value.remedy == "pip install --upgrade pytest-export-matrix"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (('"stage": "run"', '"stage": "rum"'), "did you mean 'run'"),
        (('"crashed"', '"crash"'), "did you mean 'crashed'"),
        (('"crashed"', '"passed"'), "no outcome 'passed'"),
        (('"note"', '"notes"'), "did you mean 'note'"),
        (('"rounds"', "7"), "got `int` - at `note`"),
        (('["boxes"]', '"boxes"'), "got `str` - at `outputs`"),
        (('"https://example.org/1"', '"see the wiki"'), "no address"),
        (("fixed-2", "fixed-1"), "twice"),
        (("a-tracing-torchscript-pytorch-cpu-fixed-2", "a-tracing"), "no id of a cell"),
        (("cpu-fixed-2", "cpu-fixed-2-plain"), "no id of a cell"),
        (('{"dynamic-1"', '{"fixed-1"'), "twice"),
        (('"2e-07"', '"little"'), "malformed"),
        (('"slim"', "3"), "malformed"),
    ],
)
def test_the_error_names_a_wrong_edit(edit: tuple[str, str], said: str) -> None:
    with pytest.raises(BaselineError) as error:
        loads(TEXT.replace(*edit, 1), "baseline.json")
    assert said in str(error.value)
    assert str(error.value).startswith("baseline baseline.json")


LEAVES = st.none() | st.text() | st.integers()


@given(st.recursive(LEAVES, lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_other_json_is_refused(data: object) -> None:
    with pytest.raises(BaselineError):
        loads(json.dumps(data), "baseline.json")
