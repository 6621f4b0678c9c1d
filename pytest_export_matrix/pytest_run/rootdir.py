"""Keeping pytest from taking the value of an option for its root.

pytest looks for its root and its ini file before it has loaded any plugin. To it, the folder in
`--export-matrix-cache DIR` is then a path to collect: where DIR is there and lies elsewhere, the
root moves up to what both have in common, the ini file is not found, and the matrix would be
another one. Written `--export-matrix-cache=DIR` it is an option to everybody.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import List, Sequence

import pytest

from pytest_export_matrix.vocabulary.errors import UsageError


def keep(config: pytest.Config, options: Sequence[str]) -> None:
    """Start pytest again with the values of `options` joined to them, where that matters.

    Raises UsageError where this process is not pytest's own, so that it must not be replaced.
    """
    given = list(config.invocation_params.args)
    joined = join_values(given, options, config.invocation_params.dir)
    if joined == given:
        return
    if sys.argv[1:] != given or not hasattr(os, "execv"):
        mended = " ".join(word for word in joined if word not in given)
        problem = "pytest would look for its root there"
        error = UsageError(" ".join(given), problem, remedy=f"write {mended}")
        raise pytest.UsageError(str(error))
    command = sys.orig_argv[: len(sys.orig_argv) - len(given)] + joined
    sys.stdout.flush()
    os.execv(sys.executable, command)


def join_values(words: Sequence[str], options: Sequence[str], start: Path) -> List[str]:
    """`words` with each of `options` joined by "=" to a value that is a path outside `start`."""
    joined: List[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        path = start / word
        if before in options and path.exists() and start not in (path, *path.parents):
            joined[-1] = f"{before}={word}"
        else:
            joined.append(word)
    return joined
