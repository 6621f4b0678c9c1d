"""Refusing a value of an option that pytest would take for its root.

pytest looks for its root and its ini file before it has loaded any plugin. To it, the folder in
`--export-matrix-cache DIR` is then a path to collect: where DIR is there and lies elsewhere, the
root moves up to what both have in common, the ini file is not found, and the matrix would be
another one. Written `--export-matrix-cache=DIR` it is an option to everybody.
"""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path
from typing import List, Sequence

import pytest

from pytest_export_matrix.vocabulary.errors import UsageError


def check(config: pytest.Config, options: Sequence[str]) -> None:
    """Raises UsageError where a value of one of `options` moves the root of pytest."""
    words = list(config.invocation_params.args)
    joined = taken_for_paths(words, options, config.invocation_params.dir)
    if joined:
        error = UsageError(
            f"pytest {shlex.join(words)}",
            f"pytest takes {shlex.quote(joined[0].partition('=')[2])} for a path to collect, and "
            "looks for its root and its ini file there",
            remedy="write " + shlex.join(joined),
        )
        raise pytest.UsageError(str(error))


def taken_for_paths(words: Sequence[str], options: Sequence[str], start: Path) -> List[str]:
    """Each of `options` whose value, the next word, is a path outside of `start`; joined to its
    value by "=", as it is safe."""
    return [
        f"{option}={value}"
        for option, value in itertools.pairwise(words)
        if option in options
        and (path := start / value).exists()
        and start not in (path, *path.parents)
    ]
