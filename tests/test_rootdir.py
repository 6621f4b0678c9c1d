"""A folder in a word of its own, where pytest takes it for a path to collect."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_export_matrix.pytest_run.rootdir import taken_for_paths

CACHE = "--export-matrix-cache"
START = Path("/project/here")


@pytest.mark.parametrize("value", ["/elsewhere/cache", "../cache", "/project", "here/../../x"])
def test_a_folder_elsewhere_is_refused_whether_or_not_it_is_there_yet(value: str) -> None:
    words = ["--export-matrix", CACHE, value, "-q"]
    assert taken_for_paths(words, [CACHE], START) == [f"{CACHE}={value}"]


@pytest.mark.parametrize("value", ["cache", "./a/b", "/project/here/cache", "torchvision:resnet18"])
def test_what_is_inside_of_the_project_moves_no_root(value: str) -> None:
    assert taken_for_paths([CACHE, value], [CACHE], START) == []


def test_a_value_in_the_same_word_is_no_path_for_pytest() -> None:
    assert taken_for_paths([f"{CACHE}=/elsewhere", "/tests"], [CACHE], START) == []
