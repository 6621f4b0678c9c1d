"""Refuse a value of an option that pytest would use to find its root.

pytest looks for its root and its ini file before it has loaded any plugin. It then takes DIR in
`--export-matrix-cache DIR` for a path to collect. If DIR exists elsewhere, the root moves up to
their common parent, the ini file is not found, and the matrix is another one. A DIR that does not
exist yet does so in the next run, and for the processes of pytest-xdist. With "=", as in
`--export-matrix-cache=DIR`, this does not happen.
"""

from __future__ import annotations

import itertools
import os
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
    """Each of `options` whose value, the next word, is a path outside of `start`. It is returned
    in the safe form, "option=value"."""
    return [
        f"{option}={value}"
        for option, value in itertools.pairwise(words)
        if option in options
        and not value.startswith("-")
        and start not in ((path := Path(os.path.normpath(start / value))), *path.parents)
    ]
