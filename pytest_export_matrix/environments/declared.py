"""Environments written down in an ini file, one a line: `NAME: python=3.11 REQUIREMENT ...`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import List

from pytest_export_matrix.vocabulary.entries import Environment
from pytest_export_matrix.vocabulary.errors import UsageError

INI = "export_matrix_environments"
EXAMPLE = "for instance ort_1_20: python=3.11 onnxruntime==1.20.* numpy"


def environment(line: str) -> Environment:
    """The environment that a line stands for; a requirement with blanks stands in quotes.

    Raises UsageError for another form.

    >>> environment("old: python=3.9 'numpy < 2' six").requirements
    ['numpy < 2', 'six']
    """
    name, colon, rest = line.partition(":")
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"{INI} {line!r}", str(error), remedy=EXAMPLE) from None
    if not colon or not words:
        problem = "no name, colon, and requirements"
        raise UsageError(f"{INI} {line!r}", problem, remedy=EXAMPLE)
    found = Environment(name.strip())
    requirements: List[str] = []
    for word in words:
        field, equals, value = word.partition("=")
        if field in ("python", "weights") and equals and not value.startswith("="):
            found = replace(found, **{field: value})
        else:
            requirements.append(word)
    return replace(found, requirements=requirements)
